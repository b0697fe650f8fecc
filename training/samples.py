"""Plain prose in several languages, written for fitting the token estimate.

Messages of programs, which `fit_tokens.py` reads in bulk, are terse and full of terms; these
passages stand for how people write.
"""

from __future__ import annotations

PROSE: dict[str, tuple[str, ...]] = {
    "en": (
        (
            "The committee met on Tuesday to consider whether the proposal, which had been circulated a "
            "week earlier, should be adopted. Several members raised concerns about its cost, and one "
            "asked why no independent estimate had been commissioned. After an hour of discussion the "
            "chair suggested that the matter be referred to a smaller group, which would report back "
            "before the end of the month."
        ),
        (
            "When I was nine my grandmother taught me how to bake bread. She never measured anything; "
            "she would take a handful of flour, pour in some water from the kettle, and tell me to keep "
            "kneading until the dough felt like an earlobe. It took me years to understand how she knew "
            "when to stop."
        ),
        (
            "Photosynthesis converts light energy into chemical energy that organisms can later release "
            "to fuel their activities. Most plants, algae and cyanobacteria perform it, and it is "
            "largely responsible for producing and maintaining the oxygen content of the atmosphere. "
            "Although different species carry it out in different ways, the process always begins when "
            "light is absorbed by proteins called reaction centres, which contain green pigments."
        ),
        (
            "I'd like you to help me plan a weekend trip for two people who enjoy hiking but don't want "
            "to drive more than three hours. We have a tent, though we'd rather stay somewhere with a "
            "hot shower. Could you suggest a few places, say what the weather is usually like in "
            "October, and tell us roughly how much we should expect to spend?"
        ),
        (
            "Under the terms of the agreement the supplier shall indemnify the purchaser against all "
            "reasonable losses arising from a breach of warranty, provided that notice is given in "
            "writing within thirty days of discovery. Nothing in this clause limits liability for fraud "
            "or for personal injury caused by negligence."
        ),
    ),
    "zh": (
        (
            "昨天下午我和几个朋友去了城外的一座小山。天气很好，阳光透过树叶洒在石阶上，一路上都能听见鸟"
            "叫。我们走了大约两个小时才到山顶，虽然有点累，可是看到远处的湖水和村庄，大家都觉得很值得。"
        ),
        (
            "近年来，随着城市人口不断增加，交通拥堵已经成为许多大城市面临的严重问题。政府一方面扩建地铁"
            "和公交线路，另一方面也在鼓励市民骑自行车或步行出行。专家认为，仅仅修建更多道路并不能从根本"
            "上解决问题，还需要合理规划住宅和办公区域。"
        ),
        (
            "请帮我写一封邮件给客户，说明由于供应商延迟交货，我们的项目需要推迟两个星期完成。语气要礼貌"
            "，同时表示我们会尽最大努力减少对他们业务的影响，并且愿意在下次合作时给予一定的优惠。"
        ),
        (
            "光合作用是绿色植物利用光能，把二氧化碳和水转化为有机物并释放氧气的过程。它不仅为植物自身提"
            "供养分，也是地球上几乎所有生命赖以生存的基础。影响光合作用速率的因素包括光照强度、温度以及"
            "二氧化碳的浓度。"
        ),
        (
            "唐朝是中国历史上最强盛的时期之一，文化、经济和对外交流都达到了很高的水平。长安城当时居住着"
            "来自各国的商人、学者和僧侣，丝绸之路把东方的货物运往遥远的西方。许多著名诗人，如李白和杜甫"
            "，就生活在这个时代。"
        ),
        (
            "假设一个袋子里有五个红球和三个蓝球，随机取出两个球而不放回，求两个球颜色相同的概率。请写出"
            "详细的解题步骤，并解释为什么可以用组合数来计算。"
        ),
    ),
    "ja": (
        (
            "昨日の午後、友達と一緒に町の外れにある小さな山に登りました。天気がとても良く、木の葉の間か"
            "ら日の光が差し込んでいて、歩いているだけで気持ちが良かったです。頂上まで二時間ほどかかりま"
            "したが、遠くに見える湖の景色に疲れも忘れてしまいました。"
        ),
        (
            "近年、都市部への人口集中が進み、交通渋滞や住宅不足が深刻な問題となっている。政府は鉄道網の"
            "整備を進める一方で、地方への移住を支援する制度も設けた。しかし専門家の多くは、働き方そのも"
            "のを見直さなければ根本的な解決にはならないと指摘している。"
        ),
        (
            "取引先に送るお詫びのメールを書いてください。部品の納入が遅れたため、完成が二週間ほど延びる"
            "見込みです。丁寧な言葉遣いで、影響をできるだけ小さくするよう努力していることも伝えたいと思"
            "います。"
        ),
        (
            "光合成とは、植物が光のエネルギーを使って二酸化炭素と水から有機物を作り、酸素を放出する働き"
            "のことである。光の強さや温度、二酸化炭素の濃度によってその速さは変わる。地球上のほとんどの"
            "生き物は、この働きに支えられて生きている。"
        ),
        (
            "袋の中に赤い玉が五個、青い玉が三個入っています。この中から同時に二個の玉を取り出すとき、二"
            "個とも同じ色である確率を求めなさい。途中の式も書いて、なぜその計算になるのかを説明してくだ"
            "さい。"
        ),
    ),
    "ko": (
        (
            "어제 오후에 친구들과 함께 도시 외곽에 있는 작은 산에 올랐다. 날씨가 무척 좋아서 나뭇잎 "
            "사이로 햇빛이 들어왔고, 걷는 내내 새소리가 들렸다. 정상까지 두 시간쯤 걸렸지만 멀리 보이는 "
            "호수를 보니 피곤함도 금세 잊을 수 있었다."
        ),
        (
            "최근 몇 년 사이 대도시의 인구가 계속 늘어나면서 교통 체증과 주택 부족이 심각한 문제로 "
            "떠올랐다. 정부는 지하철 노선을 확장하는 한편 지방 이주를 지원하는 제도도 마련했다. 그러나 "
            "전문가들은 도로를 더 짓는 것만으로는 문제를 해결할 수 없다고 지적한다."
        ),
        (
            "거래처에 보낼 사과 메일을 작성해 주세요. 부품 납품이 늦어져서 완료 일정이 약 이 주 정도 "
            "미뤄질 것 같습니다. 정중한 말투로 쓰고, 영향을 최소화하기 위해 노력하고 있다는 점도 알려 "
            "주세요."
        ),
        (
            "주머니 안에 빨간 공 다섯 개와 파란 공 세 개가 들어 있다. 이 중에서 두 개의 공을 동시에 "
            "꺼낼 때, 두 공의 색이 같을 확률을 구하시오. 풀이 과정을 자세히 쓰고 왜 그렇게 계산하는지 "
            "설명하시오."
        ),
    ),
    "ru": (
        (
            "Вчера днём мы с друзьями поднялись на небольшую гору за городом. Погода стояла прекрасная, "
            "солнце пробивалось сквозь листву, и всю дорогу пели птицы. До вершины мы шли почти два "
            "часа, но вид на далёкое озеро заставил нас забыть об усталости."
        ),
        (
            "В последние годы население крупных городов постоянно растёт, и пробки стали серьёзной "
            "проблемой. Власти расширяют метро и поощряют езду на велосипеде, однако специалисты "
            "считают, что одни лишь новые дороги не решат вопроса: нужно разумнее планировать, где люди "
            "живут и где работают."
        ),
        (
            "Напишите, пожалуйста, письмо клиенту и объясните, что из-за задержки поставок мы закончим "
            "проект на две недели позже. Тон должен быть вежливым; сообщите также, что мы сделаем всё "
            "возможное, чтобы это как можно меньше повлияло на его работу."
        ),
        (
            "В мешке лежат пять красных и три синих шара. Наугад вынимают два шара. Найдите вероятность "
            "того, что они одного цвета, и подробно поясните ход решения."
        ),
    ),
    "ar": (
        (
            "في عصر أمس صعدت مع أصدقائي إلى جبل صغير خارج المدينة. كان الطقس جميلا والشمس تتسلل بين "
            "أوراق الشجر، وكنا نسمع أصوات الطيور طوال الطريق. استغرق الوصول إلى القمة نحو ساعتين، لكن "
            "منظر البحيرة البعيدة أنسانا التعب."
        ),
        (
            "ازداد عدد سكان المدن الكبرى في السنوات الأخيرة، وأصبح ازدحام المرور مشكلة خطيرة. تعمل "
            "الحكومات على توسيع شبكات المترو وتشجيع الناس على ركوب الدراجات، غير أن الخبراء يرون أن "
            "بناء طرق جديدة وحده لا يكفي لحل المشكلة."
        ),
        (
            "اكتب رسالة إلى العميل تشرح فيها أن المشروع سيتأخر أسبوعين بسبب تأخر المورد في التسليم. يجب "
            "أن تكون اللغة مهذبة، وأن توضح أننا سنبذل كل ما في وسعنا لتقليل الأثر على عمله."
        ),
    ),
}
"""Language -> passages."""
