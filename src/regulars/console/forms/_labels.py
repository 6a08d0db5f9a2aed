"""What the fields of a programme are called, and what they mean in Chinese: by `Record.field`, or by `field` alone.

English help is the records' own documentation. A field that is not here shows the name it has in the document.
"""

# ruff: noqa: RUF001 - a table; Chinese is written with Chinese punctuation

from collections.abc import Mapping
from typing import Final

LABELS: Final[Mapping[str, tuple[str, str, str]]] = {
    "code": ("Code", "代码", "在文档和所有接口中使用的名称；不可重复，也不再更改。"),
    "name_en": ("Name in English", "英文名称", "英文读者看到的名称。"),
    "name_zh": ("Name in Chinese", "中文名称", "中文读者看到的名称。"),
    "kind": ("Kind", "类型", "属于哪一种。"),
    "point_type": ("Kind of points", "积分类型", "哪一种积分。"),
    "points": ("Points", "积分", "多少积分。"),
    "reward": ("Reward", "奖励", "奖励的代码；留空表示没有。"),
    "sku": ("Article number", "货号", "商品的货号。"),
    "lasts": ("Lasts", "有效期", "持续多久。"),
    "count": ("How many", "数量", ""),
    "unit": ("Unit", "单位", ""),
    "end_of": ("Then to the end of the", "再延至期末", "之后再延至哪个时段结束。"),
    "at_least": ("At least", "至少", "无论何时获得，至少有效多久。"),
    "month": ("Month", "月", ""),
    "day": ("Day", "日", ""),
    "months": ("Months on", "几个月后", ""),
    "waits": ("After", "等待", "多久之后可用。"),
    "event": ("Event", "事件", "发生什么之后可用。"),
    "within": ("Within", "期限", "在多久之内。"),
    "otherwise": ("Without it they", "逾期则", "期限内没有发生时怎样。"),
    "activity": ("After the member last", "自会员上次", "怎样算作活跃。"),
    # The programme as a whole
    "Programme.name": ("Name", "名称", "会员所知的名称。"),
    "Programme.currency": ("Currency", "币种", "ISO 4217 代码，例如 GBP、CNY；金额都以它计。"),
    "Programme.time_zone": ("Time zone", "时区", "IANA 名称，例如 Europe/London；日、月、年都按它计算。"),
    "Programme.earning": ("Earning rules", "赚取规则", "怎样赚取积分，按顺序逐条判断。"),
    "Programme.expiry": ("How long points last", "积分有效期", "从可以使用时起算；留空表示永久有效。"),
    "Programme.pending": ("When points can be spent", "积分何时可用", "积分要等多久才能使用；留空表示立即可用。"),
    "Programme.other_terms": ("Other kinds of points", "其他积分类型", "其他积分的有效期和等待期，按代码列出；未列出的永久有效、立即可用。"),
    "Programme.rates": ("Other currencies", "其他币种", "其他币种的订单折合多少；未列出的币种不赚积分。"),
    "Programme.tier_sets": ("Tiers", "等级", "等级体系；第一个是主要的。"),
    "Programme.rewards": ("Rewards", "奖励", "会员可以用积分换取什么，按显示顺序。"),
    "Programme.referral": ("Referral", "推荐", "会员带来好友怎样奖励；不用则不奖励。"),
    "Programme.campaigns": ("Campaigns", "活动", "在一段时间内生效的活动。"),
    "Programme.budgets": ("Budgets", "预算", "活动和规则最多可以花费多少。"),
    "Programme.events": ("Events", "事件", "商店告知的、可以赚取积分的事件。"),
    "Rate.currency": ("Currency", "币种", "ISO 4217 代码。"),
    "Rate.to_minor": ("So much of the programme's currency", "折合会员计划币种", "会员计划币种的这么多……"),
    "Rate.per_minor": ("For so much of this one", "每这么多此币种", "……相当于此币种的这么多。"),
    # Earning
    "Rule.points": ("What it gives", "给多少", "给多少积分，或用表达式计算。倍数规则填基础积分的百分比：200 即双倍。"),
    "Rule.per": ("Looks at", "看什么", "逐行看商品，或看整个订单。"),
    "Rule.on": ("What for", "针对", "订单、自定义事件、生日，或入会、首单的周年。"),
    "Rule.event": ("Event", "事件", "针对事件时，填事件的代码。"),
    "Rule.challenge": ("A challenge", "挑战", "累计达到一定数量时才给；条件说明哪些订单或事件计入。"),
    "Rule.streak": ("A streak", "连续", "连续多个时段都有时才给；条件说明哪些订单或事件计入。"),
    "Rule.budget": ("Budget", "预算", "从哪个预算支出，填预算代码；留空为不限。"),
    "Challenge.reach": ("Reached with", "目标", "累计到多少即达成。"),
    "Challenge.counts": ("Each counts", "每次计", "每个订单或事件计多少，用表达式；1 即每次计一。"),
    "Challenge.per": ("Within a", "周期", "按日历计算的时段，每个时段一次。"),
    "Streak.times": ("So many in a row", "连续次数", "连续多少个时段。"),
    "Streak.per": ("Of a", "时段", "日、周或月。"),
    "Rule.when": ("When", "条件", "满足什么条件时；所有条件都要成立。"),
    "Rule.kind": ("What the points are", "积分性质", "倍数只乘基础积分；额外积分不参与倍数。"),
    "Rule.point_type": ("Kind of points", "积分类型", "给哪一种积分。"),
    "Rule.rounding": ("Rounding", "取整", "除不尽时怎样取整。"),
    "Rule.starts_at": ("From", "开始时间", "从此时起下的订单；留空表示一直。"),
    "Rule.ends_at": ("Until", "结束时间", "此时之前下的订单；留空表示没有结束。"),
    "Rule.stack": ("With other rules", "与其他规则", "相加；同组只取最多的一条；或给出积分后，其后的规则不再给。"),
    "Rule.group": ("Group", "组", "与哪些规则比较，或排除哪些规则；留空表示全部。"),
    "Rule.most_per_order": ("Most for one order", "每单上限", "一个订单最多给多少积分。"),
    "Rule.limits": ("Limits for one member", "每位会员的上限", "一位会员在各个时段最多得到多少。"),
    "Rule.cooldown": ("Pause after an order", "间隔", "给过一次之后，多久之内不再给。"),
    "Rule.terms": ("Terms of its own", "单独的有效期", "这些积分的有效期和等待期；不填则按会员计划。"),
    "Limit.per": ("In a", "每", "按日历计算的时段。"),
    "Limit.most_points": ("Most points", "最多积分", "最多这么多积分；留空不限。"),
    "Limit.most_times": ("Most orders", "最多次数", "最多这么多个订单；留空不限。"),
    "Terms.expiry": ("How long they last", "有效期", "积分有效多久；不填为永久。"),
    "Terms.pending": ("When they can be spent", "何时可用", "多久之后可以使用；不填为立即。"),
    # Budgets, campaigns, events
    "Budget.amount": ("Amount", "额度", "每个周期给多少：积分、金额或次数。"),
    "Budget.unit": ("Counted in", "计量", "按一种积分、按金额，或按次数。"),
    "Budget.point_type": ("Kind of points", "积分类型", "按积分计时，是哪一种。"),
    "Budget.worth": ("What points cost", "积分成本", "按金额计时，多少积分折合多少钱。"),
    "Budget.period": ("Anew with each", "周期", "一次性，或每日、周、月、季、年重新计算。"),
    "Budget.at_end": ("When it is not enough", "不足时", "不再给、给剩余的，或照给并提醒。"),
    "Budget.alerts": ("Told at, in percent", "提醒百分比", "用到百分之几时提醒，每个周期一次。"),
    "Worth.minor": ("So much money", "金额", "这么多钱……"),
    "Worth.points": ("For so many points", "积分", "……对应这么多积分。"),
    "Campaign.rules": ("Rules", "规则", "活动期间对其受众生效的规则；代码在整个计划中不可重复。"),
    "Campaign.kind": ("What the calendar calls it", "日历中的类型", "只影响显示。"),
    "Campaign.starts_at": ("From", "开始时间", "从此时起下的订单；留空为一直。"),
    "Campaign.ends_at": ("Until", "结束时间", "此时之前下的订单；留空没有结束。"),
    "Campaign.days": ("Only on some days", "仅限某些日子", "活动期间的哪些日子；不选为每天。"),
    "Campaign.tiers": ("Only for tiers", "仅限等级", "主等级体系中的哪些等级；都不选为所有人。"),
    "Campaign.audience": ("Only for members of whom", "受众条件", "关于会员及其历史的表达式；true 为所有人。"),
    "Campaign.budget": ("Budget", "预算", "其规则从哪个预算支出，规则另有指定的除外。"),
    "Campaign.group": ("Group", "组", "同组活动中，一个订单只得到最先给出的一个。"),
    "Campaign.priority": ("Priority", "优先级", "数字大的在前；相同则按文档顺序。"),
    "Days.month_days": ("Days of every month", "每月几号", "每行一个，例如 8。"),
    "Days.weekdays": ("Days of every week", "星期几", "每行一个；1 为星期一。"),
    "Days.dates": ("Days of every year", "每年日期", "每行一个，月-日，例如 11-11。"),
    "Days.from_hour": ("From the hour", "从几点", "从当天这一小时起。"),
    "Days.until_hour": ("Until the hour", "到几点", "到当天这一小时开始；24 为当天结束。"),
    "EventType.schema": ("Its data", "数据", "事件的数据由什么组成。"),
    "DataSchema.properties": ("Values", "字段", "按名称列出；表达式中写作 event.名称。"),
    "DataSchema.required": ("That must be given", "必填字段", "每行一个。未给的视为 0、空文本或否。"),
    "DataSchema.type": ("Is", "类型", "总是对象。"),
    "Property.type": ("Is", "类型", "整数、文本，或是否。"),
    "Property.minimum": ("At least", "最小值", "整数的最小值；留空不限。"),
    "Property.maximum": ("At most", "最大值", "整数的最大值；留空不限。"),
    "Property.enum": ("One of", "可选值", "文本的所有可选值，每行一个；留空为任意。"),
    # Tiers
    "TierSet.tiers": ("Tiers, from the lowest", "等级，从低到高", "最低的等级人人都有。"),
    "TierSet.measure": ("What counts", "统计什么", "按什么升级。"),
    "TierSet.window": ("Over how long", "统计周期", "在多长时间内统计。"),
    "TierSet.zone": ("Years begin in the time zone of", "周期所用时区", "周期按谁的时区开始；开始后不变。"),
    "TierSet.grace": ("Grace", "宽限期", "未能保级时，等级还保留多久。"),
    "TierSet.stay": ("Had for at least", "至少保持", "一个等级至少保持多久。"),
    "TierSet.downgrade": ("When a tier is not kept", "未能保级时", "降到应得的等级、降一级，或从不降级。"),
    "TierSet.refunds": ("Returns count against keeping", "退货何时影响保级", "退货从不计入升级。"),
    "TierSet.notice_days": ("Days of notice", "提前通知天数", "等级失效前多少天通知会员；0 为不通知。"),
    "TierSet.approval": ("A second person decides on tiers given by hand", "手工授予的等级需第二人批准", "手工授予等级是否需要另一人决定。"),
    "Measure.by": ("Counts", "统计", "商品净消费、赚取的积分、保留的订单，或事件次数。"),
    "Measure.of": ("Of which kind", "哪一种", "积分填积分类型；事件填事件名，例如 order.delivered。"),
    "Window.kind": ("Window", "周期类型", "滚动、日历年，或入会周年。"),
    "Window.months": ("Months back", "回溯月数", "滚动周期回溯多少个月。"),
    "Window.month": ("Begins in month", "起始月", "日历年从哪个月开始。"),
    "Window.day": ("On day", "起始日", "从该月哪一天开始。"),
    "Tier.reach": ("Reached from", "升级门槛", "达到多少即升级；最低等级从 0 开始。"),
    "Tier.keep": ("Kept by", "保级门槛", "保级需要多少；留空与升级相同。"),
    "Tier.benefits": ("Benefits", "权益", "除较低等级的权益之外，还有什么权益。"),
    "Tier.gift": ("Gift for reaching it", "升级礼", "达到时送什么，每个周期一次。"),
    "Tier.membership": ("Can be bought", "付费购买", "购买哪件商品即得此等级。"),
    "Benefit.value": ("Value", "数值", "折扣填百分比，倍数填百分数（150 即一点五倍），试用填天数。"),
    "Benefit.note_en": ("Note in English", "英文说明", "还要说明什么。"),
    "Benefit.note_zh": ("Note in Chinese", "中文说明", "同样的说明，中文。"),
    "Benefit.uses": ("Uses in a cycle", "每周期次数", "每个周期可用几次；留空不限。"),
    "Membership.sku": ("Article number", "货号", "要购买的商品。"),
    "Membership.lasts": ("Gives the tier for", "等级有效期", "购买后等级持续多久。"),
    # Rewards
    "Reward.prices": ("Prices", "价格", "任选其一；同一类型取会员等级允许的最低价。"),
    "Reward.value_minor": ("Worth", "价值", "抵现填每份抵多少，礼品卡填面值，捐赠填金额。"),
    "Reward.sku": ("Article number", "货号", "礼品填商品；其他类型填商店所知的名称。"),
    "Reward.pool": ("Coupon pool", "券池", "优惠券取自哪个券池。"),
    "Reward.lasts": ("Gift card lasts", "礼品卡有效期", "礼品卡有效多久；不填为永久。"),
    "Reward.stocked": ("There is a stock of it", "有库存", "库存用完即不再给。"),
    "Reward.fulfilled": ("Somebody has to send or do something", "需要履约", "是否要有人打包、寄出或提供服务。"),
    "Reward.valid_from": ("From", "开始时间", "从何时起可兑换；留空为立即。"),
    "Reward.valid_until": ("Until", "结束时间", "到何时为止；留空没有结束。"),
    "Reward.tiers": ("Only for tiers", "仅限等级", "哪些等级可兑换；都不选则人人可兑。"),
    "Reward.per_member": ("Most for one member", "每人上限", "一位会员在时段内最多几份；留空不限。"),
    "Reward.per": ("In a", "每", "按日、周、月或年计；留空为总共。"),
    "Reward.total": ("Most in all", "总量", "总共给多少份；留空不限。"),
    "Reward.least_minor": ("Goods in the cart, at least", "购物车至少", "购物车商品至少多少钱。"),
    "Reward.most_percent": ("Pays for at most, in percent", "最多抵扣百分比", "最多可抵商品金额的百分之几。"),
    "Reward.quote_minutes": ("A quote holds for, in minutes", "报价有效分钟", "报价保留多久。"),
    "Reward.hold_minutes": ("Points are set aside for, in minutes", "积分预留分钟", "结账时积分预留多久。"),
    "Reward.returns": ("When goods come back", "退货时", "部分用积分支付的商品退回时，先退什么。"),
    "Price.points": ("Points", "积分", "需要多少积分。"),
    "Price.tier": ("Only for tier", "仅限等级", "只给此等级；留空为人人。"),
    # Referral
    "Referral.advocate": ("Who brings a friend gets", "推荐人得到", "推荐人得到什么。"),
    "Referral.friend": ("The friend gets", "好友得到", "好友得到什么，仅一次。"),
    "Referral.when": ("Rewarded when", "何时奖励", "好友入会、首个完成的订单，或每个订单。"),
    "Referral.complete": ("An order is complete when it is", "订单何时算完成", "付款，或全部送达。"),
    "Referral.milestones": ("Milestones", "里程碑", "带来这么多好友另有什么奖励。"),
    "Referral.least_minor": ("Goods of the order, at least", "订单至少", "好友订单的商品至少多少钱。"),
    "Referral.return_days": ("Days to wait for returns", "等待退货天数", "奖励等待多少天，以防退货。"),
    "Referral.most": ("Most rewards for one advocate", "每位推荐人上限", "一个时段内最多奖励几次；留空不限。"),
    "Referral.per": ("In a", "每", "按会员计划时区计算的时段。"),
    "Referral.attribution_days": ("Days a touch counts before joining", "触点有效天数", "入会前多少天内的触点有效。"),
    "Referral.between": ("Between two advocates decides", "两位推荐人之间", "由最先还是最后的触点决定。"),
    "Referral.typed_code_wins": ("A typed code goes before links", "手输推荐码优先", "手输的推荐码是否优先于链接和安装。"),
    "Referral.code_after_join_days": ("Days after joining a code may be typed", "入会后可补填天数", "入会后多少天内仍可输入推荐码；0 为不可。"),
    "Referral.self_referral": ("The same person by a common", "视为同一人的依据", "与推荐人有此相同者视为本人：拒绝。"),
    "Referral.hold_from": ("Waits for a person from score", "转人工的评分", "评分达到多少时由人决定。"),
    "Referral.refuse_from": ("Refused from score", "拒绝的评分", "评分达到多少时不予奖励。"),
    "Referral.review_days": ("Days a person has to decide", "审核天数", "退货期后等待审核多少天，逾期作废。"),
    "Referral.advocate_returns": ("Returns: of the advocate is taken back", "退货时收回推荐人的", "按比例、全部，或不收回。"),
    "Referral.friend_returns": ("Returns: of the friend is taken back", "退货时收回好友的", "按比例、全部，或不收回。"),
    "Referral.advocate_shortfall": ("What the advocate has spent already is", "推荐人已用掉的", "欠分或免除。"),
    "Referral.friend_shortfall": ("What the friend has spent already is", "好友已用掉的", "欠分或免除。"),
    "Referral.disposable_domains": ("Domains of throw-away mail", "一次性邮箱域名", "每行一个，补充已知的。"),
    "Referral.link": ("Link", "链接", "带来好友的网址，其中包含 {code}。"),
    "Milestone.friends": ("Friends", "好友数", "带来这么多好友。"),
    "Milestone.gives": ("Gives", "给", "另给什么。"),
}  # fmt: skip

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "day": ("day", "天"), "week": ("week", "周"), "month": ("month", "月"), "quarter": ("quarter", "季度"), "year": ("year", "年"),
    "ever": ("ever", "总共"),
    "Span.unit.day": ("days", "天"), "Span.unit.month": ("months", "个月"), "Span.unit.year": ("years", "年"),
    "Rule.per.line": ("each line of goods", "每行商品"), "Rule.per.order": ("the order as a whole", "整个订单"),
    "Rule.kind.base": ("base points", "基础积分"), "Rule.kind.bonus": ("a bonus", "额外积分"), "Rule.kind.multiplier": ("a multiplier", "倍数"),
    "Rule.on.order": ("an order", "订单"), "Rule.on.event": ("an event", "事件"), "Rule.on.birthday": ("the birthday", "生日"),
    "joined_anniversary": ("the anniversary of joining", "入会周年"), "first_order_anniversary": ("the anniversary of the first order", "首单周年"),
    "unit.points": ("points", "积分"), "unit.money": ("money", "金额"), "uses": ("uses", "次数"), "once": ("once and for all", "一次性"),
    "stop": ("nothing more is given", "不再给"), "partial": ("what is left is given", "给剩余的"), "alert": ("all is given, and it is told", "照给并提醒"),
    "member_day": ("member day", "会员日"), "festival": ("festival", "节庆"), "double_points": ("double points", "双倍积分"), "pre_sale": ("pre-sale", "预售"),
    "limited_edition": ("limited edition", "限量"), "other": ("something else", "其他"),
    "integer": ("a whole number", "整数"), "string": ("a text", "文本"), "boolean": ("yes or no", "是否"), "object": ("an object", "对象"),
    "down": ("down", "向下"), "half_even": ("to the nearest", "四舍六入"), "up": ("up", "向上"),
    "stack.add": ("add up", "相加"), "stack.best": ("the best of its group counts", "同组取最多"), "stack.exclusive": ("then those after it give nothing", "其后的不再给"),
    "rolling": ("for a time after they are earned", "获得后一段时间"), "period_end": ("to the end of a month, quarter or year", "到月末、季末或年末"),
    "yearly": ("to a day of the year", "到每年某日"), "sliding": ("for as long as the member is active", "会员活跃期间"),
    "until": ("from a day on, the same for all", "从某日起"), "after": ("after a time, for returns", "一段时间后"),
    "month_day": ("on a day of a month", "某月某日"), "event": ("when something has happened", "某事发生后"),
    "earning": ("earned", "获得积分"), "earning_and_spending": ("earned or spent", "获得或使用积分"),
    "lapse": ("are lost", "作废"), "mature": ("can be spent all the same", "照样可用"),
    "by.spend": ("spend on goods", "商品消费"), "by.points": ("points earned", "赚取的积分"), "by.orders": ("orders", "订单数"), "by.event": ("events", "事件次数"),
    "Window.kind.rolling": ("the last months, at every moment", "最近若干个月"), "calendar": ("a year of the calendar", "日历年"), "anniversary": ("a year from joining", "入会周年"),
    "member": ("the member", "会员"), "shop": ("the shop", "店铺"), "programme": ("the programme", "会员计划"),
    "to_earned": ("to what was earned", "降到应得的"), "one_step": ("one step down", "降一级"), "never": ("never lost", "从不降级"),
    "at_once": ("at once", "立即"), "cycle_end": ("when the cycle ends", "周期结束时"),
    "discount": ("discount", "折扣"), "free_shipping": ("free shipping", "包邮"), "agent": ("a person to call", "专属客服"), "early_access": ("early access", "优先购买"),
    "multiplier": ("more points", "多倍积分"), "birthday_gift": ("birthday gift", "生日礼"), "free_trial": ("free trial", "免费试用"), "free_upgrade": ("free upgrade", "免费升级"),
    "trade_in": ("trade-in", "以旧换新"), "custom": ("something else", "其他"),
    "cash_off": ("cash off", "抵现"), "gift": ("gift", "礼品"), "coupon": ("coupon", "优惠券"), "gift_card": ("gift card", "礼品卡"), "donation": ("donation", "捐赠"),
    "service": ("service", "服务"), "trial": ("trial", "试用"), "upgrade": ("upgrade", "升级"),
    "pro_rata": ("money and points in proportion", "按比例"), "money_first": ("money first", "先退钱"), "points_first": ("points first", "先退积分"),
    "joined": ("the friend joins", "好友入会"), "first_order": ("the friend's first order is complete", "好友首单完成"), "every_order": ("each order of the friend is complete", "好友每单完成"),
    "paid": ("paid", "已付款"), "delivered": ("delivered", "已送达"),
    "first_touch": ("the first touch", "最先的触点"), "last_touch": ("the last touch", "最后的触点"),
    "in_proportion": ("in proportion", "按比例"), "whole": ("all of it", "全部"), "keep": ("nothing", "不收回"),
    "owed": ("owed", "记为欠分"), "forgiven": ("forgiven", "免除"),
    "address": ("address", "地址"), "device": ("device", "设备"), "email": ("e-mail address", "邮箱"), "network": ("network", "网络"), "payment": ("card", "付款方式"), "phone": ("phone", "电话"),
}  # fmt: skip
"""What the words to choose from are called: by `Record.field.word`, `field.word` or `word`; offered in this order."""

LAYOUT: Final[Mapping[str, tuple[tuple[str, str, tuple[str, ...]], ...]]] = {
    "Rule": (
        ("What it is called", "名称", ("name_en", "name_zh", "code")),
        ("When it counts", "何时生效", ("on", "event", "per", "when", "starts_at", "ends_at")),
        ("Towards a goal", "目标", ("challenge", "streak")),
        ("What it gives", "给什么", ("kind", "points", "point_type", "rounding")),
        ("At most", "上限", ("most_per_order", "limits", "cooldown", "budget")),
        ("Together with other rules", "与其他规则", ("stack", "group")),
        ("How long its points last", "积分有效期", ("terms",)),
    ),
    "Budget": (
        ("What it is called", "名称", ("name_en", "name_zh", "code")),
        ("How much", "多少", ("amount", "unit", "point_type", "worth", "period")),
        ("At the end", "用完时", ("at_end", "alerts")),
    ),
    "Campaign": (
        ("What it is called", "名称", ("name_en", "name_zh", "code", "kind")),
        ("When it is open", "何时进行", ("starts_at", "ends_at", "days")),
        ("For whom", "针对谁", ("tiers", "audience")),
        ("What it gives", "给什么", ("rules", "budget")),
        ("Beside other campaigns", "与其他活动", ("group", "priority")),
    ),
    "TierSet": (
        ("What it is called", "名称", ("name_en", "name_zh", "code")),
        ("What counts", "统计什么", ("measure", "window", "zone")),
        ("Tiers", "等级", ("tiers",)),
        ("How tiers are kept and lost", "保级与降级", ("downgrade", "grace", "stay", "refunds", "notice_days", "approval")),
    ),
    "Reward": (
        ("What it is", "是什么", ("kind", "name_en", "name_zh", "code")),
        ("What it costs", "价格", ("prices",)),
        ("What is given", "给什么", ("value_minor", "sku", "pool", "lasts", "stocked", "fulfilled")),
        ("Who can have it, and when", "谁可兑换、何时", ("tiers", "valid_from", "valid_until", "per_member", "per", "total")),
        ("At the checkout", "结账时", ("least_minor", "most_percent", "quote_minutes", "hold_minutes", "returns")),
    ),
    "Referral": (
        ("What both sides get", "双方得到什么", ("advocate", "friend", "milestones")),
        ("When it is given", "何时奖励", ("when", "complete", "least_minor", "return_days", "most", "per")),
        ("Who brought a friend", "推荐归属", ("attribution_days", "between", "typed_code_wins", "code_after_join_days", "link")),
        ("What is suspicious", "风险", ("self_referral", "hold_from", "refuse_from", "review_days", "disposable_domains")),
        ("When goods come back", "退货时", ("advocate_returns", "friend_returns", "advocate_shortfall", "friend_shortfall")),
    ),
}  # fmt: skip
"""How the fields of a record are put together under headings; those that are not named follow."""

GROUPS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "general": ("General", "基本", ("name", "currency", "time_zone", "rates")),
    "points": ("Points and expiry", "积分与有效期", ("expiry", "pending", "other_terms")),
}
"""Parts of the document that are changed together."""

SINGULAR: Final[Mapping[str, tuple[str, str]]] = {
    "earning": ("rule", "规则"), "tier_sets": ("set of tiers", "等级体系"), "rewards": ("reward", "奖励"),
    "campaigns": ("campaign", "活动"), "budgets": ("budget", "预算"), "events": ("event", "事件"),
    "limits": ("limit", "上限"), "tiers": ("tier", "等级"), "benefits": ("benefit", "权益"), "prices": ("price", "价格"),
    "rules": ("rule", "规则"), "properties": ("value", "字段"), "when": ("condition", "条件"), "milestones": ("milestone", "里程碑"), "rates": ("currency", "币种"), "other_terms": ("kind of points", "积分类型"),
}  # fmt: skip


def _pick(found: tuple[str, ...], language: str) -> str:
    return found[1] if language == "zh" else found[0]


def label(record: str, field: str, language: str) -> str:
    """What a field is called; the name it has in the document, if nobody has said."""
    found = LABELS.get(f"{record}.{field}") or LABELS.get(field)
    return _pick(found, language) if found else human(field)


_ENGLISH: Final[Mapping[str, str]] = {
    "Programme.currency": "An ISO 4217 code such as GBP: all amounts are in it.",
    "Rate.to_minor": "So much of the programme's currency …",
    "Rate.per_minor": "… is given for so much of this one.",
    "Rule.when": "All of them must hold.",
    "Rule.points": "Of a multiplier: how many per cent of the base points there are altogether, 200 for double.",
    "Reward.tiers": "Who can have it; none ticked: everybody.",
    "Referral.disposable_domains": "One on each line, besides those that are known.",
}
"""Where a form shows it otherwise than the document has it."""

_PLAIN: Final = frozenset({"name_en", "name_zh", "count", "unit", "month", "day", "kind", "event", "end_of"})
"""Fields whose name says it all."""


def help_of(record: str, field: str, about: str, language: str) -> str:
    """What a field means; in Chinese nothing, where it has not been written yet."""
    if field in _PLAIN and f"{record}.{field}" not in LABELS:
        return ""
    if language != "zh" and f"{record}.{field}" in _ENGLISH:
        return _ENGLISH[f"{record}.{field}"]
    if language != "zh":
        return about.replace("; null:", "; empty:").replace("null:", "Empty:").replace("`", "")
    known = LABELS.get(f"{record}.{field}") or LABELS.get(field)
    return known[2] if known else ""


def word(record: str, field: str, value: str, language: str) -> str:
    """What a word to choose is called."""
    keys = (f"{record}.{field}.{value}", f"{field}.{value}", value)
    found = next((WORDS[key] for key in keys if key in WORDS), None)
    return _pick(found, language) if found else human(value)


def ordered(record: str, field: str, values: tuple[str, ...]) -> list[str]:
    """Words in the order they are offered in; those nobody has named last."""
    places = list(WORDS)

    def place(value: str) -> int:
        keys = (f"{record}.{field}.{value}", f"{field}.{value}", value)
        return next((places.index(key) for key in keys if key in WORDS), len(places))

    return sorted(values, key=place)


def human(name: str) -> str:
    """The name of a field as a person writes it."""
    return name.replace("_", " ").capitalize()


def section(name: str, language: str) -> str:
    """What a section of the document is called."""
    if name in GROUPS:
        return _pick(GROUPS[name][:2], language)
    return label("Programme", name, language)


def singular(name: str, language: str) -> str:
    """What one thing of a list is called."""
    return _pick(SINGULAR[name], language) if name in SINGULAR else ("项" if language == "zh" else "entry")
