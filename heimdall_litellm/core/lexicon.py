"""What the words that matter for routing are called in other languages.

One entry per concept: the English word (or words) first, then the same idea in Chinese
(simplified and traditional), Japanese, Korean, Russian, Ukrainian, Arabic, Hindi, Spanish,
Portuguese, French, Italian, German and Turkish, as far as the language has its own word for
it. `words.py` replaces a term it finds by the English, so that nothing after it has to know
more than one language: "证明", "докажите" and "demuestra" all arrive as "prove".

How a term is matched depends on its script:

- Chinese characters, kana and Thai are written without spaces: a term matches anywhere,
  the longest term first.
- Other scripts (Cyrillic, Arabic, Hangul, Devanagari...) have spaces: a term is a whole
  word, or, with a trailing `*`, the beginning of one, because those languages inflect.
- Latin terms are whole words only and stand for one English word, looked up after accents
  are gone. Words that are also English ("die", "come", "sin", "pour", "comment") stay out:
  English prompts must not change.
"""

from __future__ import annotations

from dataclasses import dataclass

STEM_HEAD = 2
"""Stems are found by their first two characters, so the shortest stem has that length."""

Meaning = tuple[bytes, ...]
"""One or more English words."""
Terms = dict[str, tuple[tuple[str, Meaning], ...]]
"""First two characters -> the terms that begin so, longest first, with their meanings."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The table in the shapes that lookups need. All terms are folded."""

    run_terms: Terms
    """Terms of two or more characters in scripts without spaces."""
    run_chars: dict[str, bytes]
    """Terms of one character in scripts without spaces."""
    exact: dict[str, Meaning]
    """Whole words of spaced scripts other than Latin, and mathematical symbols."""
    stems: Terms
    """Beginnings of words in spaced scripts other than Latin."""
    latin: dict[bytes, bytes]


def is_unspaced(char: str) -> bool:
    """Say whether a character's script is written without spaces between words."""
    return (
        "\u3040" <= char < "\ua000"  # kana, bopomofo, Chinese characters
        or "\u0e00" <= char < "\u0f00"  # Thai, Lao
        or "\u1000" <= char < "\u10a0"  # Burmese
        or "\u1780" <= char < "\u1800"  # Khmer
        or "\uf900" <= char < "\ufb00"
        or "\U00020000" <= char < "\U00040000"
    )


def read_lexicon(source: str) -> Lexicon:
    """Build the lookup tables from folded text in the format of `CONCEPTS`.

    Where two concepts claim one term, the first wins. Raises ValueError if a Latin term or a
    single character stands for several words, or a stem is too short to be found.
    """
    runs: dict[str, Meaning] = {}
    chars: dict[str, bytes] = {}
    exact: dict[str, Meaning] = {}
    stems: dict[str, Meaning] = {}
    latin: dict[bytes, bytes] = {}
    for entry in _entries(source):
        english, _, terms = entry.partition(":")
        meaning = tuple(word.encode() for word in english.split())
        for term in terms.split():
            key = term.rstrip("*")
            is_short = key.isascii() or (len(key) == 1 and is_unspaced(key))
            if is_short and len(meaning) > 1:
                raise ValueError(f"{term!r} must stand for one English word, not {english!r}")
            if key.isascii():
                latin.setdefault(key.encode(), meaning[0])
            elif is_short:
                chars.setdefault(key, meaning[0])
            elif is_unspaced(key[0]):
                runs.setdefault(key, meaning)
            elif not term.endswith("*"):
                exact.setdefault(key, meaning)
            elif len(key) < STEM_HEAD:
                raise ValueError(f"the stem {term!r} is shorter than {STEM_HEAD} characters")
            else:
                stems.setdefault(key, meaning)
    return Lexicon(_by_head(runs), chars, exact, _by_head(stems), latin)


def _entries(source: str) -> list[str]:
    """Join continuation lines (indented) to the entry they continue."""
    entries: list[str] = []
    for line in source.splitlines():
        if line[:1].isspace() and entries:
            entries[-1] += line
        elif line.strip():
            entries.append(line)
    return entries


def _by_head(terms: dict[str, Meaning]) -> Terms:
    longest_first = sorted(terms, key=len, reverse=True)
    grouped: dict[str, list[tuple[str, Meaning]]] = {}
    for term in longest_first:
        grouped.setdefault(term[:STEM_HEAD], []).append((term, terms[term]))
    return {head: tuple(entries) for head, entries in grouped.items()}


# Mathematics and reasoning first, then programming, language work, subjects, constraints,
# question and function words, chat. Order matters only where two concepts share a term.
CONCEPTS = """
prove: 证明 證明 求证 求證 証明 証明せよ 証明して 증명* 입증* докажи* доказ* доказать довед* доведіть اثبت*
  برهن* إثبات सिद्ध साबित demuestra demuestre demostrar demuestren demostracion demonstre demonstrar prouve
  prouver prouvez demontre demontrer demontrez montrer montrez dimostra dimostrare dimostrate dimostri
  beweise beweisen beweis kanıtla kanıtlayın ispatla ispatlayın พิสูจน์ بره برهن
proof: 证据 證據 証拠 доказательств* доказом нетривиальн* برهان प्रमाण preuve dimostrazione demonstracao
  kanıt ispat
theorem: 定理 정리를 정리* теорем* مبرهنة نظرية* प्रमेय teorema theoreme satz teoremi
lemma: 引理 補題 보조정리 лемм* تمهيدية лемма леммы лему леми
axiom: 公理 공리* аксиом* аксіом* بديهية axioma axiome assioma
mathematics: 数学 數學 수학* математ* математик* رياضيات الرياضيات गणित matematica matematicas mathematiques
  mathematik matematik คณิตศาสตร์
equation: 方程 方程式 방정식* уравнени* рівнянн* معادل* معادلة समीकरण ecuacion ecuaciones equacao equacoes
  equazione equazioni gleichung gleichungen denklem denklemi สมการ
inequality: 不等式 부등식* неравенств* нерівн* متباينة desigualdad desigualdade inegalite disuguaglianza
  ungleichung eşitsizlik
integral: 积分 積分 적분* интеграл* інтеграл* تكامل* समाकलन integrale integrali integrales integrais
  integralini
derivative: 导数 導數 求导 求導 微分 導関数 미분* 도함수* производн* похідн* مشتق* अवकलज derivada derivadas
  derivee derivees derivata ableitung türev türevini
differential equation: 微分方程 微分方程式
limit: 极限 極限 극한* предел* границ* نهاية सीमा limite limites grenzwert
matrix: 矩阵 矩陣 行列 행렬* матриц* مصفوف* आव्यूह matriz matrizes matrice matrici matriks matrisi
vector: 向量 矢量 ベクトル 벡터* вектор* متجه* सदिश vecteur vettore vektor vektör
determinant: 行列式 행렬식 определител* визначник* determinante
eigenvalue: 特征值 特徵值 固有値 고윳값 собственн* autovalor autovalores eigenwert eigenwerte özdeğer
probability: 概率 機率 几率 확률* вероятност* ймовірн* имовірн* احتمال* प्रायिकता संभावना probabilidad
  probabilidade probabilite probabilita wahrscheinlichkeit olasılık olasılığı ความน่าจะเป็น
statistics: 统计 統計 통계* статистик* احصا* सांख्यिकी estadistica estadisticas estatistica statistiques
  statistique statistica statistiche statistik istatistik
geometry: 几何 幾何 기하* геометр* ज्यामिति geometria geometrie geometri
algebra: 代数 代數 대수* алгебр* جبر* बीजगणित algebre cebir
calculus: 微积分 微積分 미적분* матанализ* تفاضل*
triangle: 三角形 삼각형* треугольник* трикутник* مثلث* त्रिभुज triangulo triangolo dreieck üçgen
circle: 圆 圓 円 원의 원주 окружност* круг* دائر* वृत्त circulo cerchio cercle kreis çember коло
angle: 角度 夹角 夾角 각도* угол* угл* кут* زاوي* कोण angulo angolo winkel açı
area: 面积 面積 면적* 넓이* площад* площ* مساح* क्षेत्रफल superficie flache
volume: 体积 體積 体積 부피* объем* обєм* حجم* आयतन volumen hacim
number: 数 數 数字 數字 数值 數值 個数 숫자* 수를 число числ* عدد* رقم* ارقام* संख्या numero numeros nombre
  nombres numeri zahl zahlen sayı sayısı sayılar ตัวเลข
integer: 整数 整數 정수* целое целых целые целочисл* ціл* صحيح* पूर्णांक entero enteros inteiro inteiros
  entier entiers intero interi ganzzahl ganze tamsayı
prime: 质数 質數 素数 素數 소수* простое простых простые أولي* अभाज्य primo primos premiers primi primzahl
  primzahlen asal
irrational: 无理数 無理數 無理数 무리수* иррациональн* ірраціональн* irracional irracionales irrationnel
  irrazionale
root: 根号 根號 平方根 根 ルート 제곱근* 근을 корень корн* корін* جذر* वर्गमूल raiz raices raizes racine
  racines radice radici wurzel kök kökü karekök
sum: 求和 总和 總和 之和 和の 合計 합을 합계* сумм* сум* مجموع* योग suma somma summe toplam toplamı
  ผลรวม
product: 乘积 乘積 积 積 곱을 произведени* добуток ضرب* गुणनफल producto produto produit prodotto produkt
  çarpım
average: 平均 平均值 均值 평균* средн* середн* متوسط* معدل* औसत promedio moyenne durchschnitt ortalama
percent: 百分比 百分之 パーセント 퍼센트 процент* відсот* نسب* प्रतिशत porcentaje porcento pourcentage
  prozent yüzde
solve: 求解 解方程 解决 解決 解答 解出 解け 解いて 解く 풀어* 풀이* 해결* решите реши* решить решени*
  розвяж* розвязати حل احل* हल resuelve resuelva resolva resous resoudre resolvez risolvi risolvere
  losen çöz çözün çözümü çözüm แก้
calculate: 计算 計算 算出 求出 計算して 계산* 구하* 구해* вычисл* посчита* рассчит* обчисл* порах* розрах*
  احسب* حساب* गणना calcula calcule calcular calculer calculez calcola calcolare calcolate berechne berechnen
  hesapla hesaplayın คำนวณ
find: 求 找出 找到 求めよ 求めて 見つけて 찾아* 찾으* найди* найти найд* знайд* знайти جد اوجد* ابحث* ज्ञात
  खोज encuentra encontrar hallar encontre trouve trouver trouvez trova trovare finde finden bul bulun
  bulunuz
determine: 确定 確定 判断 判斷 決定 결정* 판단* определи* визнач* حدد* निर्धारित determina determinar
  determiner determinez determinare bestimme bestimmen belirle belirleyin
derive: 推导 推導 导出 導出 유도* выведи* вывест* вивед* استنتج* deducir deduzir deduire herleiten
equal: 等于 等於 等しい 같다 같은 равн* дорівн* يساوي* बराबर igual iguales egal egale uguale gleich eşit
  eşittir
greater: 大于 大於 より大きい больше більше اكبر* maior superieur maggiore größer büyük
less: 小于 小於 より小さい 少ない меньше менше اقل* menor inferieur minore kleiner küçük
maximum: 最大 最大值 최대* 최댓값 максим* максимум* اقصى* القصوى अधिकतम maximo maksimum azami
minimum: 最小 最小值 최소* 최솟값 миним* мінім* ادنى* न्यूनतम minimo asgari
infinite: 无限 無限 无穷 無窮 무한* бесконечн* нескінч* لانهائ* अनंत infinito infini infinie unendlich
  sonsuz
convergence: 收敛 收斂 収束 수렴* сходи* сходимост* збіжн* تقارب* convergencia convergenza konvergenz
  yakınsaklık
continuous: 连续 連續 連続 연속* непрерывн* неперервн* مستمر* continua continuo stetig sürekli
induction: 归纳法 歸納法 帰納法 귀납* индукци* індукц* استقراء* induccion inducao induzione induktion
  tümevarım
contradiction: 反证 反證 矛盾 背理法 모순* 귀류* противореч* суперечн* تناقض* contradiccion contradicao
  contraddizione widerspruch çelişki
assume: 假设 假設 设 設 仮定 가정* предполож* допуст* припуст* افترض* بفرض* मान suponga supongamos supoe
  supposons supponiamo angenommen varsayalım
hypothesis: 假说 假說 仮説 가설* гипотез* гіпотез* فرضي* hipotesis hipotese hypothese ipotesi hipotez
formula: 公式 공식* формул* صيغ* सूत्र formulas formule formel formül
graph: 图论 圖論 グラフ 그래프* граф* आरेख grafo grafos graphe grafico diagramm grafik
logic: 逻辑 邏輯 論理 ロジック 논리* логик* логіч* логік* منطق* तर्क logica logique logik mantık ตรรกะ
reasoning: 推理 推論 추론* рассужд* міркув* استدلال* razonamiento razona raciocinio raisonnement
  ragionamento begrundung
step by step: 一步一步 一步步 逐步 分步 步骤 步驟 ステップバイステップ 順を追って 段階的 단계별* 단계*
  пошагов* покроков*
step: ステップ 手順 шаг шага шагам шаги кроки крок* خطوة خطوات* चरण pasos passo passos etape etapes passi
  schritt schritte schrittweise adım ขั้นตอน
puzzle: 谜题 謎題 谜语 謎語 パズル 퍼즐* 수수께끼* головоломк* загадк* لغز* الغاز* पहेली rompecabezas
  acertijo rätsel ratsel indovinello bulmaca bilmece
riddle: 脑筋急转弯 腦筋急轉彎 なぞなぞ adivinanza adivinha devinette
game: 游戏 遊戲 ゲーム 게임* игр* гра гру гри لعب* खेल juego juegos jogo jogos jeu jeux gioco giochi spiel
  spiele oyun เกม
strategy: 策略 战略 戰略 戦略 전략* стратеги* стратег* استراتيج* रणनीति estrategia strategie strategia
  strateji
optimal: 最优 最優 最佳 最適 최적* оптимальн* امثل* इष्टतम optimo otimo ottimale

code: 代码 代碼 程式碼 编码 編碼 コード 코드* 코딩* код кода коду коде кодом كود الكود شيفر* कोड codigo
  codice kod kodu kodunu โค้ด
program: 程序 程式 编程 編程 プログラム プログラミング 프로그램* 프로그래밍* программ* програм* برنامج*
  برمج* البرمجة प्रोग्राम programa programas programma programmi programm programmiere
  programmieren programı โปรแกรม
function: 函数 函數 関数 함수* функци* функці* دالة دوال* الدالة فنكشن फ़ंक्शन फलन funcion funciones funcao
  funcoes fonction fonctions funzione funzioni funktion funktionen fonksiyon fonksiyonu ฟังก์ชัน
class: 类 類 クラス 클래스* класс класса классы класів клас صنف* فئة klasse klassen sınıf sınıfı classe
  clase clases
method: 方法 メソッド 手法 방법* 메서드* метод* طريق* विधि metodo metodos methode methodes metodi yöntem
variable: 变量 變量 變數 変数 변수* переменн* змінн* متغير* चर variavel variabile değişken
array: 数组 數組 陣列 配列 배열* массив* масив* सरणी arreglo dizi
string: 字符串 字串 文字列 문자열* строк* рядок рядк* سلسل* स्ट्रिंग cadena cadenas chaine chaines stringa
  zeichenkette dizge
loop: 循环 迴圈 ループ 반복문* цикл* حلقة* लूप bucle boucle schleife döngü
recursive: 递归 遞迴 再帰 재귀* рекурси* рекурс* عودي* पुनरावर्ती recursiva recursivo recursividad
  ricorsiva ricorsivo rekursiv özyinelemeli
algorithm: 算法 演算法 アルゴリズム 알고리즘* алгоритм* خوارزم* एल्गोरिदम algoritmo algoritmos algorithme
  algorithmes algoritmi algorithmus algorithmen algoritma algoritması อัลกอริทึม
data structure: 数据结构 資料結構 データ構造 자료구조*
data: 数据 數據 資料 データ 데이터* 자료* данн* дані даних بيان* डेटा आंकड़े datos dados donnees dati daten
  veri verileri ข้อมูล
database: 数据库 數據庫 資料庫 データベース 데이터베이스* бд базданн* डेटाबेस datenbank veritabanı
query: 查询 查詢 クエリ 쿼리* запрос* запит* استعلام* क्वेरी consulta consultas requete interrogazione
  abfrage sorgu
table: 表格 テーブル 테이블* таблиц* جدول* तालिका सारणी tabla tabela tableau tabella tabelle tablo tablosu
  ตาราง
list: 列出 列表 清单 清單 リスト 一覧 목록* 리스트* 나열* список списк* перечисли* перелічи* переліч* قائم*
  सूची lista listas enumera liste listez elenca elenco auflisten listele รายการ
json: ジェイソン 제이슨* джейсон*
interface: 接口 介面 インターフェース 인터페이스* интерфейс* інтерфейс* واجه* interfaz schnittstelle arayüz
server: 服务器 伺服器 サーバー サーバ 서버* сервер* خادم* सर्वर servidor serveur sunucu
client: 客户端 客戶端 クライアント 클라이언트* клиент* клієнт* عميل* cliente istemci
network: 网络 網絡 網路 ネットワーク 네트워크* сеть сети сетев* мереж* شبك* नेटवर्क redes rede reseau
  netzwerk ağ
file: 文件 檔案 ファイル 파일* файл* ملف* फ़ाइल archivo archivos arquivo arquivos fichier fichiers datei
  dateien dosya ไฟล์
system: 系统 系統 システム 시스템* систем* نظام* प्रणाली sistema sistemas systeme systemes sistemi sistem
software: 软件 軟體 ソフトウェア 소프트웨어* برمجيات* logiciel yazılım
application: 应用 應用 アプリ アプリケーション 앱 애플리케이션* приложени* застосун* додаток تطبيق*
  aplicacion aplicativo anwendung uygulama
website: 网站 網站 网页 網頁 ウェブサイト 웹사이트* 웹페이지* сайт* موقع* वेबसाइट sitio pagina webseite sito
  เว็บไซต์
script: 脚本 腳本 スクリプト 스크립트* скрипт* सकिप्ट skript betik
command: 命令 指令 コマンド 명령* команд* comando commande befehl komut
implement: 实现 實現 實作 実装 구현* реализ* реаліз* نفذ* تنفيذ* लागू implementa implementar implemente
  implementer implementez implementare implementiere implementieren uygula
debug: 调试 調試 除錯 デバッグ 디버그* 디버깅* отлад* налагод* depurar depura depurer deboguer debuggen
error: 错误 錯誤 报错 報錯 エラー 오류* 에러* ошибк* помилк* خطا* اخطاء त्रुटि errores erro erros erreur
  erreurs errore errori fehler hata hatası ข้อผิดพลาด
bug: 漏洞 バグ 버그* баг баги багов*
fix: 修复 修復 修正 修理 直して 고쳐* 수정* исправ* почини* виправ* اصلح* صحح* ठीक corrige corregir arregla
  corriger corrigez correggi correggere behebe beheben korrigiere düzelt แก้ไข
test: 测试 測試 テスト 테스트* тест* اختبار* परीक्षण prueba pruebas teste prova testen sınav ทดสอบ
unit test: 单元测试 單元測試 ユニットテスト 単体テスト
optimize: 优化 優化 最適化 최적화* оптимизир* оптимизац* оптиміз* अनुकूलन optimiza optimizar otimizar
  optimiser ottimizza ottimizzare optimiere optimieren optimize
refactor: 重构 重構 リファクタリング 리팩토링* 리팩터링* рефактор* refactoriza refatorar refactoriser
efficient: 高效 有效率 効率的 효율* эффективн* ефективн* فعال* كفاء* कुशल eficiente efficace effizient
  verimli
complexity: 复杂度 複雜度 計算量 複雑度 복잡도* сложност* складніст* تعقيد* जटिलता complejidad complexidade
  complexite complessita komplexitat karmaşıklık
time: 时间 時間 시간* время времени часу час وقت* زمن* समय tiempo zeit zaman เวลา
thread: 线程 線程 執行緒 スレッド 스레드* поток* потік* hilo faden
concurrent: 并发 並發 並行 同時実行 동시성* конкурентн* параллельн* паралел* متزامن* concurrente concorrente
  nebenlaufig
memory: 内存 記憶體 メモリ 메모리* память памят* ذاكر* मेमोरी memoria memoire speicher bellek
search: 搜索 搜尋 検索 검색* поиск* пошук* بحث* busca buscar busqueda recherche rechercher ricerca cerca
  suche suchen ค้นหา
sort: 排序 ソート 並べ替え 정렬* сортир* сортув* отсортир* رتب* ترتيب* क्रमबद्ध ordena ordenar trier triez
  ordina ordinare sortiere sortieren sırala เรียงลำดับ
binary: 二进制 二進位 二叉 二分 バイナリ 二進数 이진* двоичн* двійков* ثنائي* binario binaire binar ikili
tree: 树 樹 木構造 트리* дерев* شجر* वृक्ष arbol arvore arbre albero baum ağaç
model: 模型 モデル 모델* модел* نموذج* मॉडल modelo modele modello modell
machine learning: 机器学习 機器學習 機械学習 머신러닝* 기계학습*
neural network: 神经网络 神經網路 ニューラルネットワーク 신경망*
artificial intelligence: 人工智能 人工智慧 人工知能 인공지능*
security: 安全 セキュリティ 보안* безопасн* безпек* امن* امان* सुरक्षा seguridad seguranca securite sicurezza
  sicherheit güvenlik
password: 密码 密碼 パスワード 비밀번호* пароль парол* पासवर्ड contrasena senha passwort şifre
deploy: 部署 デプロイ 배포* разверн* деплой* розгорн* نشر* desplegar despliega implantar deployer
  bereitstellen dağıt
container: 容器 コンテナ 컨테이너* контейнер* حاوي* contenedor conteneur
version: 版本 バージョン 버전* верси* версі* اصدار* versiones versao versione sürüm
design: 设计 設計 デザイン 설계* 디자인* спроектир* проектир* дизайн* спроєкт* صمم* تصميم* डिज़ाइन disena
  disenar diseno projete concevoir concevez progetta progettare entwirf entwerfen entwurf tasarla tasarım
  ออกแบบ
architecture: 架构 架構 アーキテクチャ 아키텍처* архитектур* архітектур* معماري* arquitectura arquitetura
  architettura architektur mimari

explain: 解释 解釋 说明 說明 阐述 闡述 讲解 講解 説明 説明して 解説 설명* объясн* поясн* обясн* اشرح* شرح*
  وضح* समझाइए समझाओ समझाएं explica explicar explique explicame expliquer expliquez spiega spiegare spiegami
  erklare erklaren açıkla açıklayın anlat อธิบาย
describe: 描述 描写 描寫 記述 묘사* 서술* опиши* описать описат* опишіть صف وصف* वर्णन describa descreva
  descrever decrire decris decrivez descrivi descrivere beschreibe beschreiben tanımla betimle
define: 定义 定義 정의* определени* визначенн* تعريف* परिभाषा परिभाषित definicion definir definicao definis
  definisci definizione definiere tanım
analyze: 分析 분석* анализ* проанализ* аналіз* проаналіз* حلل* تحليل* विश्लेषण analiza analizar analise
  analisar analyser analysez analizza analizzare analysiere analysieren analiz วิเคราะห์
compare: 比较 比較 对比 對比 比べて 비교* сравни* порівн* قارن* مقارن* तुलना compara comparar comparacion
  comparer comparez confronta confrontare vergleiche vergleichen karşılaştır เปรียบเทียบ
difference: 区别 區別 差异 差異 差別 違い 차이* разниц* отличи* различи* різниц* відмінн* فرق* الفرق अंतर
  diferencia diferencias diferenca unterschied unterschiede differenza fark farkı
evaluate: 评估 評估 评价 評價 評価 평가* оцени* оцін* تقييم* मूल्यांकन evalua evaluar avalie avaliar evaluer
  valuta bewerte bewerten değerlendir
discuss: 讨论 討論 论述 論述 論じ 議論 논하* 토론* обсуд* обговор* ناقش* चर्चा discute discutir discuter
  diskutiere tartış
critique: 批判 批评 批評 비판* критик* نقد* आलोचना critica kritik eleştir
argument: 论点 論點 论证 論證 主張 논거* аргумент* حجج* حجة* argumento argumentos argumente argümanlar
summarize: 总结 總結 概括 摘要 归纳 歸納 概述 要約 まとめて まとめ 요약* суммир* резюмир* обобщ* кратк*
  підсум* узагальн* لخص* ملخص* तلخيص* सारांश संक्षेप resumir resuma resumen resumo resumer resumez riassumi
  riassumere riassunto zusammenfassen zusammenfassung zusammen özetle özet สรุป
translate: 翻译 翻譯 译成 譯成 翻訳 訳して 번역* переведи* перевод* перевест* переклад* ترجم* अनुवाद traduce
  traducir traduccion traduza traduzir traducao traduis traduire traduisez traduction traduci tradurre
  traduzione ubersetze ubersetzen ubersetzung çevir çeviri tercüme แปล
language: 语言 語言 言語 언어* язык* мов* لغة لغات اللغة भाषा idioma lengua lingua langue langage linguagem
  sprache dili ภาษา
english: 英语 英語 英文 영어* английск* англійськ* انجليزي* الانجليزية अंग्रेजी ingles anglais inglese
  englisch ingilizce อังกฤษ
chinese: 中文 汉语 漢語 中国語 中國 中国 중국어* 중국* китайск* китай* صيني* चीनी chines chinois
  cinese chinesisch çince
japanese: 日语 日語 日文 日本語 日本 일본어* 일본* японск* японськ* ياباني* जापानी japones japonais
  giapponese japanisch japonca
korean: 韩语 韓語 韓国語 韩文 한국어* 한국* корейск* корейськ* كوري* coreano coreen koreanisch korece
russian: 俄语 俄語 ロシア語 러시아* русск* росій* روسي* रूसी ruso russo russe russisch rusça
arabic: 阿拉伯语 阿拉伯語 アラビア語 아랍어* арабск* арабськ* عربي* العربية अरबी arabe arabo arabisch arapça
spanish: 西班牙语 西班牙語 スペイン語 스페인어* испанск* іспанськ* اسباني* स्पेनिश espanol espanhol espagnol
  spagnolo spanisch ispanyolca
french: 法语 法語 フランス語 프랑스어* французск* французьк* فرنسي* फ्रेंच francais francese
  franzosisch fransızca
german: 德语 德語 ドイツ語 독일어* немецк* німецьк* الماني* जर्मन aleman alemao allemand tedesco deutsch
  almanca
write: 写 寫 编写 編寫 撰写 撰寫 写一 書いて 書け 書く 作成 작성* 써줘 써주* 쓰세요 쓰시오 напиши* написать
  напис* пишите اكتب* كتاب* लिखें लिखिए लिखो लिख escribe escribir escriba escreva escrever ecris ecrire
  ecrivez redige rediger scrivi scrivere scriva schreibe schreiben schreib yaz yazın yazınız เขียน
create: 创建 創建 建立 创作 創作 生成 作って 作る 만들* 생성* создай* создат* створ* انشئ* انشاء* बनाएं बनाओ
  crea crear generar crie criar creer creez genere generer creare erstelle erstellen oluştur สร้าง
rewrite: 改写 改寫 重写 重寫 書き直 перепиши* перепис* reescribe reescribir reescreva reecris riscrivi
  umschreiben
improve: 改进 改進 改善 提高 润色 潤色 개선* 향상* улучш* покращ* поліпш* حسن* تحسين* सुधार mejora mejorar
  melhore melhorar ameliore ameliorer migliora migliorare verbessere verbessern geliştir iyileştir
email: 邮件 郵件 电子邮件 電子郵件 メール 이메일* 메일* письмо письм* بريد* ईमेल correo courriel eposta
letter: 信件 书信 書信 手紙 편지* لرسال* رسال* पत्र cartas lettre lettera mektup จดหมาย
essay: 论文 論文 作文 文章 エッセイ 에세이* 논문* эссе сочинени* твір есе مقال* निबंध ensayo ensaio redacao
  saggio aufsatz deneme makale เรียงความ
story: 故事 小说 小說 物語 ストーリー 이야기* 소설* рассказ* истори* оповід* казк* قص* कहानी cuento relato
  conto histoire racconto geschichte hikaye öykü เรื่องสั้น
poem: 诗 詩 诗歌 詩歌 俳句 시를 시조 стих* стихотвор* поэм* вірш* قصيد* शعر* कविता poema poemas poeme poesia
  gedicht şiir บทกวี
song: 歌曲 歌词 歌詞 歌 노래* 가사* песн* пісн* اغني* गीत cancion cancao chanson canzone şarkı เพลง
character: 角色 人物 字符 文字 字元 キャラクター 글자* 등장인물* персонаж* символ* حرف* شخصي* चरित्र
  personaje personagem personnage personaggio zeichen karakter
word: 单词 單詞 字数 字數 词 詞 単語 言葉 단어* 낱말* слово слов слова словами كلم* शब्द palabra palabras
  palavra palavras mot mots parola wort worter kelime kelimelik คำ
sentence: 句子 句 文を 문장* предложени* речення речен* جمل* वाक्य oracion frase frases satze cümle ประโยค
paragraph: 段落 段 단락* 문단* абзац* فقر* अनुच्छेद parrafo parrafos paragrafo paragrafos paragraphe absatz
  paragraf
text: 文本 正文 本文 テキスト 텍스트* 본문* текст* النص نصوص* पाठ texto textos texte textes testo testi
  metin metni ข้อความ نص
article: 記事 기사* статт* articulo artigo articolo artikel บทความ статья статьи статью статей стаття статті
report: 报告 報告 レポート 報告書 보고서* отчет* доклад* звіт* تقرير* रिपोर्ट informe relatorio
  rapporto bericht rapor รายงาน
title: 标题 標題 题目 題目 タイトル 제목* заголов* назван* назв* عنوان* शीर्षक titulo titre titolo titel
  başlık
grammar: 语法 語法 文法 문법* грамматик* граматик* قواعد* व्याकरण gramatica grammaire grammatica grammatik
  dilbilgisi
meaning: 意思 含义 含義 意味 의미* 뜻 значени* смысл* значенн* معنى* مغزى* अर्थ significado signifie
  significato bedeutung anlamı anlam
example: 例子 例如 示例 举例 舉例 例えば 例を 예시* 예를 예제* пример* наприм* приклад* مثال* उदाहरण ejemplo
  ejemplos exemplo exemplos exemple exemples esempio esempi beispiel beispiele örnek örneği ตัวอย่าง
idea: 主意 想法 アイデア 아이디어* іде* فكر* افكار* विचार ideia ideias idee ideen fikir идея идеи идей
  идею ідея ідеї ідей
plan: 计划 計劃 方案 計画 계획* план плана планы योजना plano планув* خطة
recipe: 食谱 食譜 菜谱 レシピ 레시피* 요리법* рецепт* रेसिपी receta receita recette ricetta rezept tarif
  สูตรอาหาร
advice: 建议 建議 アドバイス 助言 조언* 추천* совет* порад* نصيح* نصائح* सलाह consejo consejos conselho
  conseil conseils consiglio consigli tavsiye คำแนะนำ
recommend: 推荐 推薦 おすすめ お勧め рекоменд* порекоменд* اقترح* नोट recomienda recomendar recommande
  recommander empfehle empfehlen öner แนะนำ
question: 问题 問題 提问 質問 질문* 문제* вопрос* питанн* запитанн* سؤال* اسئل* प्रश्न सवाल pregunta preguntas
  pergunta perguntas questao domanda domande frage fragen soru sorular คำถาม
problem: 难题 難題 应用题 應用題 課題 задач* проблем* مشكل* مسال* समस्या problema problemas probleme
  problemes problemi aufgabe aufgaben sorun
answer: 答案 回答 答え 答えて 答えよ 답변* 대답* 정답* ответ* ответь* відповід* اجاب* اجب* जواب* उत्तर जवाब
  respuesta responde respuestas resposta responda reponse reponds repondre repondez risposta rispondi
  rispondere antwort antworte antworten cevap cevapla yanıt ตอบ คำตอบ
correct: 正确 正確 正しい 올바른 맞는 правильн* верн* вірн* правильно सही correcta correcto correto corretta
  corretto richtig richtige doğru ถูกต้อง
choose: 选择 選擇 选出 選べ 選んで 選択 선택* 고르* выбер* вибер* обер* اختر* اختيار* चुनें elige elegir
  escolha escolher choisis choisir choisissez scegli scegliere wahle wahlen seçin เลือก
option: 选项 選項 選択肢 보기* 선택지* вариант* варіант* خيار* विकल्प opcion opciones opcao opcoes opzione
  opzioni seçenek
true: 真 참인 참 истин* верно правда правд* صواب* सत्य verdadero verdadeiro vrai vero wahr
false: 假 偽 거짓* ложн* неверн* хибн* خاطئ* असत्य falso falsch yanlış
information: 信息 資訊 情報 정보* информаци* інформац* معلوم* सूचना जानकारी informacion informacao
  informazione informazioni informationen bilgi
research: 研究 연구* исследов* дослідж* شोध ابحاث* शोध investigacion pesquisa forschung araştırma วิจัย
extract: 提取 抽取 抽出 추출* извлек* извлеч* витягн* استخرج* استخراج* extrae extraer extraia extraire
  estrai estrarre extrahiere extrahieren çıkar
classify: 分类 分類 분류* классифиц* класифік* تصنيف* वर्गीकृत clasifica clasificar classifique classifica
  classificare klassifiziere klassifizieren sınıflandır
convert: 转换 轉換 转化 轉化 変換 변환* 바꿔* преобраз* конверт* перетвор* تحويل* परिवर्तित convierte
  convertir converta convertis converti convertire wandle umwandeln dönüştür แปลง
generate: 產生 产生 генерир* сгенерир* згенер* генер* توليد* उत्पन्न gere gerar generiere generieren üret
image: 图片 圖片 图像 圖像 照片 画像 写真 이미지* 사진* 그림* изображени* картинк* зображ* фото* صور* छवि
  imagen imagenes imagem imagens immagine immagini bild bilder resim görsel รูปภาพ

physics: 物理 물리* физик* фізик* فيزياء* الفيزياء भौतिकी fisica physique physik fizik ฟิสิกส์
chemistry: 化学 化學 화학* хими* хімі* хімі كيمياء* الكيمياء रसायन quimica chimie chimica chemie kimya เคมี
biology: 生物 생물* биолог* біолог* احياء* الاحياء بيولوج* जीवविज्ञान biologia biologie biyoloji ชีววิทยา
medicine: 医学 醫學 医疗 醫療 药 藥 薬 의학* 의료* 약을 медицин* лекарств* лік* طب الطب طبي* دواء* चिकित्सा
  दवा medicina medecine medizin ilaç แพทย์
doctor: 医生 醫生 医師 医者 의사* врач* лікар* طبيب* डॉक्टर medico medecin arzt doktor
patient: 患者 病人 환자* пациент* пацієнт* مريض* रोगी paciente pacientes paziente patienten hasta
disease: 疾病 病 病気 질병* 질환* болезн* заболев* хвороб* مرض* बीमारी रोग enfermedad doenca maladie
  malattia krankheit hastalık โรค
symptoms: 症状 症狀 증상* симптом* اعراض* लक्षण sintomas sintoma symptome sintomi belirti
law: 法律 법률* 법을 право юридич* قانون* القانون कानून derecho direito droit loi diritto legge gesetz recht
  hukuk yasa kanun กฎหมาย закон закона законы законов закону законом
contract: 合同 契約 合約 계약* договор* контракт* договір عقد* अनुबंध contrato contrat contratto vertrag
  sözleşme
economics: 经济 經濟 経済 경제* экономи* економ* اقتصاد* अर्थशास्त्र economia economie wirtschaft ekonomi
  เศรษฐศาสตร์
finance: 金融 财务 財務 финанс* фінанс* مالي* تمويل* वित्त finanzas financas finanzen finans การเงิน
market: 市场 市場 시장* рынок рынк* ринок ринк* سوق* बाज़ार mercado marche mercato markt pazar piyasa
price: 价格 價格 値段 価格 가격* ціна ціни سعر* اسعار* कीमत precio precios preco prezzo preis fiyat ราคา
  цена цены цену ценой ціну
money: 钱 錢 お金 돈을 деньги денег гроші грошей نقود* पैसे dinero dinheiro soldi geld
tax: 税 稅 세금* налог* подат* ضريب* impuesto imposto impot tassa steuer vergi ภาษี
business: 商业 商業 业务 業務 生意 ビジネス 사업* 비즈니스* бизнес* бізнес* اعمال* व्यापार negocio negocios
  geschaft işletme ธุรกิจ
company: 公司 企业 企業 会社 회사* 기업* компани* компані* شرك* कंपनी empresa empresas entreprise azienda
  unternehmen şirket บริษัท
history: 历史 歷史 歴史 역사* исторический історі* تاريخ* इतिहास historia storia tarih tarihi ประวัติศาสตร์
war: 战争 戰爭 戦争 전쟁* войн* війн* حرب* युद्ध guerra guerre krieg savaş สงคราม
politics: 政治 정치* политик* політик* سياس* राजनीति politique politik siyaset การเมือง
philosophy: 哲学 哲學 철학* философ* філософ* فلسف* दर्शन filosofia philosophie felsefe ปรัชญา
psychology: 心理学 心理學 心理 심리* психолог* मनोविज्ञान psicologia psychologie psikoloji
ethics: 伦理 倫理 道德 道徳 윤리* этик* этич* етик* اخلاق* नैतिक etica ethique ethik ahlak
science: 科学 科學 과학* наук* научн* науков* علم علوم* विज्ञान ciencia ciencias scienza
  wissenschaft bilim วิทยาศาสตร์
energy: 能量 能源 エネルギー 에너지* энерги* енергі* طاق* ऊर्जा energia energie enerji พลังงาน
force: 力学 力學 作用力 힘을 сил* قوة قوى* बल fuerza forca forza kuvvet แรง
mass: 质量 質量 질량* масс* маса كتل* द्रव्यमान masa massa masse kütle มวล
speed: 速度 速率 スピード 속도* скорост* швидк* سرع* गति velocidad velocidade vitesse velocita
  geschwindigkeit hız hızı ความเร็ว
quantum: 量子 양자* квантов* الكم क्वांटम cuantica cuantico quantica quantique quanten kuantum ควอนตัม
temperature: 温度 溫度 온도* температур* حرار* तापमान temperatura temperatur sıcaklık อุณหภูมิ
water: 水 물을 물의 вода воды воду води ماء* مياه* पानी जल agua eau acqua wasser น้ำ
molecule: 分子 분자* молекул* جزيء* अणु molecula moleculas molekul
cell: 细胞 細胞 세포* клетк* клітин* خلي* कोशिका celula celulas cellule cellula zelle hücre เซลล์
gene: 基因 遺伝子 유전자* ген гены генов генетич* جين* जीन
engineering: 工程 工学 工學 공학* инженер* інженер* هندس* अभियांत्रिकी ingenieria engenharia ingenierie
  ingegneria ingenieurwesen mühendislik วิศวกรรม
education: 教育 교육* образован* освіт* تعليم* शिक्षा educacion educacao bildung eğitim การศึกษา
student: 学生 學生 학생* студент* ученик* учн* طالب* طلاب* छात्र estudiante estudiantes estudante aluno
  etudiant etudiants eleve studente schuler öğrenci นักเรียน
teacher: 老师 老師 教师 教師 先生 선생* 교사* учител* вчител* معلم* مدرس* शिक्षक profesor lehrer insegnante
  öğretmen ครู
country: 国家 國家 国 国は 국가* 나라* країн* دول* बلد* देश pais paises paese ülke ประเทศ страна страны
  стране страну стран
capital: 首都 수도* столиц* عاصم* राजधानी capitale hauptstadt başkent เมืองหลวง
city: 城市 都市 도시* город* міст* مدين* शहर ciudad cidade citta stadt şehir เมือง
world: 世界 세계* мир мира світ* عالم* दुनिया विश्व mundo monde mondo welt dünya โลก
weather: 天气 天氣 天気 날씨* погод* طقس* मौसम clima meteo hava อากาศ
travel: 旅行 旅游 旅遊 여행* путешеств* подорож* سفر* यात्रा viaje viajar viagem viaggio reise seyahat
  ท่องเที่ยว
food: 食物 食べ物 음식* 식품* еда еды пищ* їжа їжу طعام* भोजन खाना comida nourriture cibo yemek อาหาร
health: 健康 건강* здоров* صحه صحة الصحة स्वास्थ्य salud saude sante gesundheit sağlık สุขภาพ

must: 必须 必須 务必 務必 一定要 しなければならない なければ 必ず 반드시* 해야* должен должн* обязан*
  необходим* повин* мусит* يجب* لابد* चाहिए अवश्य debe deben debes deve devem doit doivent dois devono muss
  mussen musst zorunlu gerekir ต้อง
should: 应该 應該 应当 應當 べき следует слід ينبغي* deberia deberias deveria devrait devrais dovrebbe
  sollte sollten gerek ควร
at least: 至少 不少于 不少於 最少 少なくとも 以上 적어도* 최소한*
at most: 至多 最多 不超过 不超過 以内 以下 최대한 이하*
exactly: 恰好 正好 确切 確切 刚好 剛好 ちょうど 정확히* 정확하* ровно точно рівно بالضبط تماما* exactamente
  exatamente exactement esattamente precisamente genau
without: 不要 不使用 不用 不能使用 无需 無需 なしで 使わずに ずに 없이* без بدون* دون* बिना sem senza ohne
  olmadan ปราศจาก
only: 只 仅 僅 只能 のみ だけ 만을 오직* только лишь лише тільки فقط* केवल सिर्फ solamente apenas somente
  seulement soltanto nur sadece yalnızca เท่านั้น
avoid: 避免 避けて 避け 피하* избега* избеж* уника* تجنب* evita evitar eviter evitez evitare vermeide
  vermeiden kaçın
include: 包含 包括 含む 含めて 포함* включ* содерж* включа* تضمن* يشمل* शामिल incluye incluir inclua inclure
  inclus includi includere enthalten beinhalten içermeli
each: 每个 每個 每 各 それぞれ 각각* 각 кажд* кожн* لكل* प्रत्येक हर cada chaque ogni ciascuno jede jeder
  jedes
all: 所有 全部 すべて 全て 全部の 모든* 모두* все всех всего всі всіх усі كل جميع* सभी सब todos todas todo
  toda tous toutes tutti tutte tüm bütün ทั้งหมด
before: 之前 以前 前に 이전* 전에 перед ранее قبل* पहले antes avant bevor ก่อน
after: 之后 之後 以后 以後 後に 이후* 후에 после затем після потім بعد* बाद despues depois apres dopo sonra
  หลัง
first: 首先 第一 最初 まず 먼저* 첫 сначала перв* спочатку перш* اول* اولا* पहला primero primera primeiro
  primeira erste ersten zuerst ilk แรก
last: 最后 最後 마지막* последн* останн* اخير* अंतिम ultimo ultima dernier derniere letzte letzten สุดท้าย
format: 格式 形式 フォーマット 형식* формат* تنسيق* प्रारूप formato formatto biçim รูปแบบ
output: 输出 輸出 出力 출력* вывод* выведите* вивід* اخراج* مخرج* आउटपुट salida saida sortie uscita ausgabe
  çıktı
input: 输入 輸入 入力 입력* ввод* вход* ввід* вхід* ادخال* مدخل* इनपुट entrada eingabe girdi giriş
return: 返回 回傳 返す 반환* верни* возвра* поверн* ارجع* يرجع* devuelve devolver retorna retornar renvoie
  renvoyer restituisci restituire zuruckgeben döndür
given: 给定 給定 已知 给出 給出 与えられ 주어진* дан дана дано задан* معطى* اعطي* दिया dado dada donne
  donnee gegeben verilen กำหนด
use: 使用 利用 用 使って 使い 사용* 이용* используй* использ* використ* استخدم* استخدام* استعمل* उपयोग प्रयोग
  usar utiliza utilizar utilise utiliser utilisez utilizza usando utilizando verwende verwenden benutze
  kullan kullanarak ใช้
detailed: 详细 詳細 详尽 詳盡 詳しく 자세히* 자세한* 상세* подробн* детальн* докладн* تفصيل* مفصل* विस्तार
  विस्तृत detallado detallada detalhado detalhada detaille detaillee dettagliato dettagliata ausfuhrlich
  detailliert detaylı ayrıntılı ละเอียด
short: 简短 簡短 简要 簡要 简洁 簡潔 短 短く 手短に 짧게* 짧은* 간단히* 간략* кратко коротк* корот* стисл*
  مختصر* باختصار* قصير* संक्षिप्त छोटा corto corta breve brevemente curto curta courte brievement kurz kurze
  kısa kısaca สั้น
long: 长文 長文 긴 길게* длинн* довг* طويل* लंबा largo longo longue lungo uzun ยาว
simple: 简单 簡單 簡単 シンプル 쉬운 쉽게* просто легк* بسيط* سهل* सरल आसान sencillo sencilla simples
  semplice einfach einfache basit kolay ง่าย простой простая простое простые простий проста
difficult: 困难 困難 复杂 複雜 複雑 難しい 어려운* 복잡* сложн* трудн* складн* важк* صعب* معقد* कठिन मुश्किल
  dificil difficile schwierig schwer zor karmaşık ยาก
important: 重要 중요* важн* важлив* مهم* هام* महत्वपूर्ण importante importantes wichtig wichtige önemli สำคัญ
best: 最好 一番 最善 최고* 가장 лучш* найкращ* افضل* احسن* सबसे mejor mejores melhor melhores meilleur
  meilleure migliore beste besten iyi ดีที่สุด
new: 新 新しい 새로운* 새 новый новая новое новые нов* جديد* नया नई nuevo nueva novo nouveau nouvelle nuovo
  nuova neue neuen neuer yeni ใหม่

why: 为什么 為什麼 为何 為何 なぜ どうして 왜 почему зачем чому навіщо لماذا* لماذ* ليش क्यों porque pourquoi
  perche warum wieso neden niçin ทำไม
how: 如何 怎么 怎麼 怎样 怎樣 怎么样 どうやって どのように どう 어떻게* 어떤 как каким як яким كيف* कैसे
  como wie nasıl อย่างไร
what: 什么 什麼 何 何か なに 何ですか 무엇* 뭐 무슨 что чего чем какой какая какие каков* що який яка яке
  які ماذا* ما ماهو* ماهي* क्या cual cuales quoi quel quelle quels quelles quale quali welche welcher welches
  hangi อะไร
who: 谁 誰 누구* 누가 кто кого кому хто कौन quien quem qui wer ใคร
where: 哪里 哪裡 在哪 どこ 어디* где куда откуда де куди اين* कहाँ donde onde nerede ที่ไหน
when: 什么时候 什麼時候 何时 何時 いつ 언제* когда коли متى* कब cuando quando quand wann เมื่อไหร่
which: 哪个 哪個 哪些 哪 どれ どの 어느* котор* котрий котр*
how many: 多少 几个 幾個 いくつ 何個 몇 сколько скільки كم कितने
much: 很多 許多 许多 たくさん 많이* 많은* много багато كثير* बहुत mucho muchos muchas muito muitos beaucoup
  molto molti viel viele çok
can: 可以 能 能够 能夠 できる можешь можно может могу можете можеш можна може يمكن* ممكن* सकते सकता puede
  puedes pode posso peux peut pouvez puoi kann kannst konnen ได้
please: 请 請 ください お願い 부탁* 주세요* 해주세요* 하시오* 하세요* пожалуйста будьласка ласка رجاء*
  الرجاء* कृपया bitte lütfen กรุณา โปรด
give: 给 給 给我 給我 ちょうだい くれ 줘 주세요 дай дайте надай надайте اعط* أعطني दीजिए दें donnez dammi
  gebe ให้
tell: 告诉 告訴 教えて 알려* 말해* расскажи* скажи* розкажи* اخبر* बताइए बताओ बताएं digame diga dimmi sag
  söyle บอก
show: 显示 顯示 展示 示して 見せて 보여* 보이* покажи* показ* اظهر* اعرض* दिखाएं दिखाओ muestra mostrar
  mostre zeige zeigen göster แสดง
help: 帮 幫 帮助 幫助 帮我 幫我 手伝って 助けて 도와* 도움* помоги* помощь помощ* допомож* допомог* ساعد*
  مساعد* मदद ayuda ayudame ajuda aidez aiuto aiutami hilf hilfe yardım ช่วย
think: 思考 考虑 考慮 考えて 考える 생각* подума* думай* подумай* सोच piensa pensar pense reflechis rifletti
  pensa denke denk düşün คิด
want: 想要 想 要 たい 원해* 싶 хочу хотел* хоче اريد* نريد* चाहता quiero quisiera quero veux voudrais voglio
  vorrei mochte istiyorum อยาก
need: 需要 必要 필요* нужно нужен нужна надо потрібн* треба احتاج* نحتاج* يحتاج* ज़रूरत necesito necesita
  preciso precisa besoin bisogno brauche brauchen ihtiyaç จำเป็น
know: 知道 知る 知って 알다 아는 знаешь знать знаю знаєш знати اعرف* تعرف* जानते sabe sabes sais savez
  sapere weißt biliyor รู้
read: 阅读 閱讀 读 讀 読んで 読む 읽 прочита* чита* прочит* اقرا* قراء* पढ़ें leer leia lire leggi leggere
  lesen oku อ่าน
learn: 学习 學習 学ぶ 勉強 배우* 학습* 공부* учить изуч* научи* вчити навчи* تعلم* सीख aprender apprendre
  imparare lernen öğren เรียน
work: 工作 働く 仕事 일을 작업* работа* робот* працю* عمل* काम trabajo trabalho travail lavoro arbeit
  çalışma ทำงาน
make: 使 让 讓 する して 하다 сделай* делат* зроби* робит* اجعل* اصنع* करें करो कर haz hacer faca fazer fais
  faites faire mache machen yap yapın ทำ
say: 说 說 言う 言って 말하* сказать говор* сказав* قال* يقول* कहते dicen diz sagen sagt พูด
continue: 继续 繼續 続けて 続き 계속* продолж* продовж* اكمل* استمر* जारी continuar continuer continuez
  fortfahren devam ต่อไป
and: 和 以及 及 与 與 并且 並且 と そして 그리고* 및 и і та و और und และ
or: 或 或者 または 혹은 또는* или або او या oder veya หรือ
but: 但 但是 可是 不过 不過 しかし けど 하지만* 그러나* но однако але проте لكن* ولكن* लेकिन pero mais aber
  fakat แต่
if: 如果 若 假如 もし なら 만약* 만일* если якщо اذا* لو* यदि अगर wenn eğer ถ้า
then: 那么 那麼 则 則 然后 然後 그러면* тогда тоді ثم* तब entonces entao alors allora dann แล้ว
because: 因为 因為 由于 由於 ので から 왜냐하면* 때문* потому поскольку оскільки لان بسبب* क्योंकि puesto
  parce weil denn çünkü เพราะ
therefore: 所以 因此 故 从而 從而 したがって よって だから 따라서* 그러므로* поэтому следовательно отже тому
  لذلك* إذن* इसलिए luego portanto donc quindi daher deshalb dolayısıyla ดังนั้น
not: 不 没 沒 没有 沒有 非 未 ない ません 않 아니* 안 не нет нельзя ні немає لا ليس* لم لن* नहीं nao pas
  nicht kein keine değil ไม่
is: 是 为 為 です である 이다 입니다* 이며 есть является это є هو هي है हैं esta eres ist sind คือ เป็น
the: その この 该 該 그 이 этот эта эти цей ця ці ذلك هذا* هذه* यह वह der das dieser diese dieses
of: 的 之 の 의 का की के von
in: 在 中 に で 에서 в у في* में dans nella nel içinde ใน
to: 到 向 至 へ まで 에게 к до на الى* إلى को zum zur
from: 从 從 由 からの 부터 из от із від من* से desde depuis dalla
for: 对于 對於 为了 為了 ために 위해* 위한* для لاجل* لكي* için สำหรับ
with: 跟 同 一起 と共に 함께* с со з مع साथ avec กับ
about: 关于 關於 有关 有關 について 대해* 대한* 관한* о об про حول عن बारे acerca hakkında เกี่ยวกับ
that: 那 那个 那個 それ あの 저 тот те той الذي* التي* कि que dass
this: 这 這 这个 這個 これ 이것* це इस esto cette questo questa diesen บทนี้ นี้
a: 一个 一個 一种 一種 一位 一篇 一段 一首 ある 하나의 एक una une eine einen einer einem bir
we: 我们 我們 私たち 우리* мы нас нам ми نحن* हम nosotros nous wir biz เรา
i: 我 私 僕 俺 나는 저는 내가 제가 мне меня мой моя моего мені мене мій انا मैं मुझे ich mich ฉัน ผม
you: 你 您 あなた 君 당신* 너는 ты вы тебе вам вас ти ви انت आप तुम usted vous voce คุณ
he: 他 彼 그는 он его ему він його lui
it: 它 それは 그것* оно воно มัน
they: 他们 他們 彼ら 그들* они их им вони їх वे ellos eles ils loro onlar พวกเขา
people: 人们 人們 人 人々 사람* люди людей человек* людина людин* ناس* الناس شخص* लोग व्यक्ति gente personas
  pessoas gens persone menschen leute insanlar คน
day: 天 日 毎日 날짜* 하루* 일간 день дня дней днів يوم* ايام* दिन dias jour jours giorno giorni วัน
year: 年 연도* 년간 год года лет годы рік років سنة* عام* साल वर्ष anos annee annees anni jahr jahre yıl ปี
today: 今天 今日 오늘* сегодня сьогодні اليوم* आज hoy hoje aujourd oggi heute bugün วันนี้
current: 目前 当前 當前 现在 現在 현재* 지금* текущ* сейчас теперь поточн* зараз حالي* الان वर्तमान अभी ahora
  agora actuellement maintenant attuale adesso aktuell jetzt şimdi ตอนนี้
name: 名字 名称 名稱 姓名 名前 이름* имя имен* назови* назвать імя اسم* नाम nome ชื่อ

feature: 功能 機能 기능*
possible: 可能 가능* возможн* можлив* ممكن posible possivel moglich mümkün
ability: 能力 능력* способност* здатн* قدر* capacidad fahigkeit
represent: 代表 表示 表达 表達 表す 나타내*
way: 办法 辦法 方式 やり方 방식* способ спосіб
set: 设置 設置 設定 集合 집합* 설정* множеств* множин* مجموعة
object: 对象 對象 物件 オブジェクト 객체* объект* обєкт* كائن* objeto oggetto objekt nesne
growth: 增长 增長 成長 성장* рост зростання نمو crecimiento crescimento croissance crescita wachstum
request: 请求 請求 リクエスト 요청* طلب* peticion anfrage
thing: 东西 東西 こと もの 것을 것은 것이
life: 生活 人生 삶 생활* жизн* житт* حياة जीवन vida leben hayat
in: 其中 里面 裡面 うち
other: 其他 其它 別の 他の 다른 друг* інш* اخر* अन्य otro otros outras outro autre autres altro altri andere
  anderen diğer
same: 相同 一样 一樣 同じ 동일* одинаков* однаков* نفس समान mismo mesma mesmo stesso stessa gleiche aynı
different: 不同 异なる 異なる 違う различн* разн* різн* مختلف* भिन्न अलग diferente diferentes verschieden
  verschiedene farklı
device: 设备 設備 装置 장치* устройств* пристр* جهاز*
between: 之间 之間 間の 사이* между між بين बीच entre zwischen arasında
school: 学校 學校 학교* школ* مدرس* स्कूल escuela escola ecole scuola schule okul โรงเรียน
university: 大学 大學 대학* университет* університет* جامع* विश्वविद्यालय universidad universidade universite
  universita universitat
book: 书 書籍 本を 책을 책 книг* كتاب كتب किताब पुस्तक libro livro livre livres libri buch bücher kitap
  หนังสือ
child: 孩子 儿童 兒童 子供 아이* ребен* дет* дит* طفل* बच्चे niños crianca enfant enfants bambino kinder
  çocuk เด็ก
family: 家庭 家族 가족* семь* сім* عائل* परिवार familia famille famiglia aile ครอบครัว
technology: 技术 技術 科技 テクノロジー 기술* технолог* تكنولوج* تقني* तकनीक tecnologia technologie
  teknoloji เทคโนโลยี
internet: 互联网 互聯網 インターネット 인터넷* интернет* інтернет* इंटरनेट
computer: 电脑 電腦 计算机 計算機 コンピュータ コンピューター 컴퓨터* компьютер* компютер* حاسوب* कंप्यूटर
  ordenador computadora computador ordinateur bilgisayar คอมพิวเตอร์

hello: 你好 您好 嗨 こんにちは おはよう こんばんは 안녕* 안녕하세요* привет* здравствуй* привіт* вітаю
  مرحبا* اهلا* السلام* سلام* नमस्ते हैलो hola bonjour salut ciao buongiorno hallo merhaba selam สวัสดี
thanks: 谢谢 謝謝 感谢 感謝 ありがとう 감사* 고마* спасибо благодар* дяку* شكرا* धन्यवाद gracias obrigado
  obrigada merci grazie danke teşekkürler teşekkür ขอบคุณ
yes: 是的 好的 はい 네 예 да так نعم* हाँ oui ja evet ใช่
sorry: 抱歉 对不起 對不起 すみません ごめん 죄송* 미안* извини* прости* вибач* اسف* عذرا* माफ़ perdon
  desculpe desole scusa entschuldigung üzgünüm ขอโทษ
zero: 零 ゼロ 영 ноль нуль صفر* शून्य cero sıfır
one: 一 壹 하나* 한 один одна одно واحد* eins ein หนึ่ง
two: 二 两 兩 둘 두 два две двух дві двох اثن* दो deux zwei iki สอง
three: 三 세 셋 три трех трьох ثلاث* तीन tres trois tre drei สาม
four: 四 넷 четыре четырех чотири اربع* चार cuatro quatro quatre quattro vier dört สี่
five: 五 다섯* пять пяти خمس* पांच cinco cinq cinque funf beş ห้า
six: 六 여섯* шесть шести шість ستة* छह seis sechs altı หก
seven: 七 일곱* семь семи сім سبع* सात siete sette sieben yedi เจ็ด
eight: 八 여덟* восемь вісім ثمان* आठ ocho oito huit acht sekiz แปด
nine: 九 아홉* девять девят* تسع* नौ nueve nove neuf neun dokuz เก้า
ten: 十 열 десять десят* عشر* दस diez dix dieci zehn สิบ
hundred: 百 백 сто сотн* सौ cien ciento cento hundert yüz ร้อย مائة مئة
thousand: 千 천 тысяч* тисяч* الف हज़ार mille tausend พัน
million: 百万 百萬 백만 миллион* мільйон* مليون* लाख millon millones milhao milioni milyon ล้าน
half: 一半 半分 절반* половин* نصف* आधा mitad metade moitie halfte yarım ครึ่ง
apple: 苹果 蘋果 りんご リンゴ 사과* яблок* яблук* تفاح* सेब manzana manzanas maca pomme pommes mela apfel
  elma
tool: 工具 ツール 道具 도구* инструмент* інструмент* ادا* ادوات* उपकरण herramienta herramientas ferramenta
  outil outils strumento werkzeug araç เครื่องมือ
call: 调用 調用 呼び出 호출* вызов* вызови* виклик* استدع* llamar chame appeler appelle chiama
  aufrufen çağır เรียก
result: 结果 結果 결과* результат* نتيج* نتائج* परिणाम resultado resultados resultat resultats risultato
  ergebnis sonuç ผลลัพธ์
value: 值 価値 값을 값 قيم* valores valeur valeurs valore wert değer ค่า
cause: 原因 理由 원인* 이유* причин* سبب* اسباب* कारण causa causas ursache grund sebep สาเหตุ
effect: 影响 影響 效果 効果 영향* 효과* влияни* эффект* вплив* ефект* تاثير* اثر* प्रभाव efecto efectos
  efeito effet effetto wirkung auswirkung etki ผลกระทบ
advantages: 优点 優點 优势 優勢 利点 メリット 장점* преимуществ* переваг* مزايا* ميزات* लाभ ventajas
  vantagens avantages vantaggi vorteile avantaj ข้อดี
disadvantages: 缺点 缺點 劣势 劣勢 欠点 デメリット 단점* недостатк* недолік* عيوب* हानि desventajas
  desvantagens inconvenients svantaggi nachteile dezavantaj ข้อเสีย
conclusion: 结论 結論 결론* заключени* висновок висновк* خلاص* निष्कर्ष conclusiones conclusao conclusione
  fazit schluss ข้อสรุป
theory: 理论 理論 이론* теори* теорі* نظري* सिद्धांत teoria theorie kuram ทฤษฎี
concept: 概念 개념* концепци* понят* поняття مفهوم* अवधारणा concepto conceito concetto konzept kavram แนวคิด
principle: 原理 原则 原則 원리* принцип* مبدا* مبادئ* principio principios principe prinzip ilke หลักการ
process: 过程 過程 流程 プロセス 과정* процесс* процес* عملي* प्रक्रिया proceso processo processus prozess
  süreç กระบวนการ
structure: 结构 結構 構造 구조* структур* هيكل* संरचना estructura estrutura struttura struktur yapı โครงสร้าง
condition: 条件 條件 조건* услови* умов* شرط* شروط* शर्त condicion condiciones condicao condizione bedingung
  bedingungen koşul เงื่อนไข
requirement: 要求 需求 要件 요구* требовани* вимог* متطلب* आवश्यकता requisito requisitos exigence requisiti
  anforderung anforderungen gereksinim

all: ∀
exists: ∃
in: ∈
not: ∉ ≠ ¬
sum: ∑
product: ∏
integral: ∫
root: √
infinite: ∞
less: ≤
greater: ≥
approximately: ≈
equal: ≡
subset: ⊂ ⊆
union: ∪
intersection: ∩
gradient: ∇
implies: ⇒ ⇔
and: ∧
or: ∨
empty: ∅
derivative: ∂
alpha: α
beta: β
gamma: γ
delta: δ
epsilon: ε
theta: θ
lambda: λ
mu: μ
xi: ξ
pi: π
rho: ρ
sigma: σ
tau: τ
phi: φ
psi: ψ
omega: ω
"""
