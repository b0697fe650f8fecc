"""Settings: their models, how they are checked, and how files and the environment are read."""

from heimdall_litellm.config.auth import AuthSettings, GoogleSettings
from heimdall_litellm.config.catalog import CatalogSettings
from heimdall_litellm.config.files import environment, keep_litellm_offline, load_config, settings_from_config
from heimdall_litellm.config.journal import JournalSettings
from heimdall_litellm.config.loading import SECTION, json_schema, load_settings, setting_rows
from heimdall_litellm.config.routing import RouterSettings
from heimdall_litellm.config.settings import Settings
from heimdall_litellm.config.simulation import SimulatedModel, SimulationSettings

__all__ = [
    "SECTION",
    "AuthSettings",
    "CatalogSettings",
    "GoogleSettings",
    "JournalSettings",
    "RouterSettings",
    "Settings",
    "SimulatedModel",
    "SimulationSettings",
    "environment",
    "json_schema",
    "keep_litellm_offline",
    "load_config",
    "load_settings",
    "setting_rows",
    "settings_from_config",
]
