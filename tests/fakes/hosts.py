"""Providers at their real names, over TLS: what a process needs to find the fakes there.

Credentials are sent to a vendor's own hosts only; so the tests need those hosts, and some that only look
like them. A throw-away authority vouches for all of them.
"""

from __future__ import annotations

import json
import os
import shutil
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ANTHROPIC, OPENAI, GEMINI = "api.anthropic.com", "api.openai.com", "generativelanguage.googleapis.com"
OPENROUTER, DEEPSEEK = "openrouter.ai", "api.deepseek.com"
VENDORS = (ANTHROPIC, OPENAI, GEMINI, OPENROUTER, DEEPSEEK)
EVIL = "evil.example"
STRANGERS = (EVIL, "api.anthropic.com.evil.example", "api.openai.com.evil.example")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Hosts:
    """The names, who vouches for them, and what a process needs so that they lead to the fakes.

    `directory` must hold nothing else; it comes first in the process' PYTHONPATH.
    """

    directory: Path
    authority: Path
    port: int

    def environment(self) -> dict[str, str]:
        """The variables of such a process; no other authority is trusted there, and no proxy used."""
        shutil.copy(Path(__file__).with_name("resolver.py"), self.directory / "sitecustomize.py")
        world = {"names": [*VENDORS, *STRANGERS], "port": self.port, "refused": str(self._refused)}
        path = [str(self.directory), str(ROOT), os.environ.get("PYTHONPATH", "")]
        trusted = {name: str(self.authority) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")}
        return {
            **trusted,
            "SSL_CERT_DIR": "",
            "NO_PROXY": "*",
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
            "FAKE_HOSTS": json.dumps(world),
        }

    @property
    def _refused(self) -> Path:
        return self.directory / "refused.txt"

    @property
    def refused(self) -> list[str]:
        """The names that were asked for in vain since the last `reset`."""
        return self._refused.read_text().split() if self._refused.exists() else []

    def reset(self) -> None:
        self._refused.unlink(missing_ok=True)


def tls_context(directory: Path) -> tuple[Path, ssl.SSLContext]:
    """Make an authority, and a certificate for all the names. Returns its file, and a server's context."""
    issuer_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Throw-away authority")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Fake providers")])
    ca = x509.BasicConstraints(ca=True, path_length=0)
    names = x509.SubjectAlternativeName([x509.DNSName(name) for name in (*VENDORS, *STRANGERS)])
    identity = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    authority = (
        _certificate(issuer, issuer_key.public_key(), issuer)
        .add_extension(ca, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(issuer_key.public_key()), critical=False)
        .add_extension(_signs_certificates(), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    certificate = (
        _certificate(subject, key.public_key(), issuer)
        .add_extension(names, critical=False)
        .add_extension(identity, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    trusted, served, secret = (directory / name for name in ("authority.pem", "served.pem", "key.pem"))
    trusted.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    served.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(served, secret)
    return trusted, context


def _certificate(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, issuer: x509.Name
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _signs_certificates() -> x509.KeyUsage:
    """What strict verification asks of an authority."""
    uses = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**uses, key_cert_sign=True, crl_sign=True)
