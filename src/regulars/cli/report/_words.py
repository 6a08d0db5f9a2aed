"""The report's texts in both languages."""
# ruff: noqa: RUF001 - Chinese is written with Chinese commas

from typing import Final

WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Loyalty report", "忠诚度报告"),
    "next": ("What to do next", "下一步做什么"),
    "nothing": ("These figures call for nothing in particular.", "这些数字没有特别需要处理的事。"),
    "call": ("{customers} customers have been silent for over twice their own usual gap. A year, they spent {yearly_minor}: write to them first.", "{customers} 位客户的沉默已超过自己平常间隔的两倍。他们一年消费 {yearly_minor}：先联系他们。"),
    "second": ("{once} of the customers bought on one day only. Those who come back do so after {median_days} days as a rule: write to new ones before that.", "{once} 的客户只在一天购买过。回来的客户一般在 {median_days} 天后回来：在那之前联系新客户。"),
    "best": ("The best fifth of the customers brings {share} of the money: look after them in person.", "最好的五分之一客户带来 {share} 的收入：亲自照顾他们。"),
    "guests": ("{share} of the rows name no customer, so nothing is known of who bought: offer a member's number at the checkout.", "{share} 的行没有客户，不知道是谁买的：在结账时提供会员号。"),
    "refunds": ("{share} of the money was given back: find out which goods come back and why.", "{share} 的收入被退回：查明哪些商品被退、为什么。"),
    "data": ("What was read", "读到了什么"),
    "rows_said": ("{file}: {rows} rows, {used} of them used, {dropped} dropped; purchases from {first} to {last}.", "{file}：共 {rows} 行，使用 {used} 行，舍去 {dropped} 行；购买日期从 {first} 到 {last}。"),
    "ambiguous": ("Every date can be read with the day first and with the month first; they were read as {order}. If that is wrong, say --date-order.", "每个日期既可以日在前也可以月在前；这里按 {order} 读。若不对，请用 --date-order 指定。"),
    "dmy": ("day, month, year", "日、月、年"), "mdy": ("month, day, year", "月、日、年"),
    "column": ("Column", "列"), "meaning": ("Read as", "含义"), "why": ("Because", "依据"), "example": ("Example", "例子"), "rows": ("Rows", "行数"),
    "given": ("you said so", "由您指定"), "name": ("of its name", "列名"), "content": ("of what is in it", "内容"),
    "customer": ("customer", "客户"), "date": ("date", "日期"), "amount": ("amount", "金额"), "order": ("order", "订单"), "quantity": ("quantity", "数量"),
    "price": ("price", "单价"), "discount": ("discount", "优惠"), "status": ("status", "状态"), "currency": ("currency", "币种"),
    "dropped": ("Dropped", "舍去"), "nothing_dropped": ("Every row was used.", "所有行都用上了。"),
    "broken_line": ("cells do not fit the header", "单元格与表头不符"), "no_customer": ("no customer", "没有客户"), "total_row": ("a line of totals", "合计行"),
    "no_date": ("no date", "没有日期"), "unreadable_date": ("date cannot be read", "日期无法识别"), "impossible_date": ("date is beyond any order", "日期不可能"),
    "no_amount": ("no amount", "没有金额"), "unreadable_amount": ("amount cannot be read", "金额无法识别"), "impossible_amount": ("amount is beyond any order", "金额不可能"),
    "other_currency": ("another currency", "其他币种"), "cancelled": ("cancelled order", "已取消的订单"), "stock_adjustment": ("stock adjustment", "库存调整"),
    "refunds_said": ("{rows} rows give {money} back; {orders} orders were paid back whole and are no purchases.", "{rows} 行退款共 {money}；{orders} 个订单全额退款，不算购买。"),
    "base": ("The base", "客户总体"), "customers": ("Customers", "客户数"), "orders": ("Orders", "订单数"), "net": ("Money kept", "净收入"),
    "per_order": ("Per order", "每单金额"), "repurchase": ("Bought again", "复购率"), "interval": ("95 %: {low} to {high}", "95 % 区间：{low} 至 {high}"),
    "growth": ("Growth: customers in each month", "增长：每月客户"), "new": ("new", "新客户"), "returning": ("returning", "老客户"), "month": ("Month", "月份"), "revenue": ("Revenue", "收入"),
    "unfinished": ("Pale: a month that is not over.", "浅色：尚未结束的月份。"),
    "rhythm": ("Repurchase and its rhythm", "复购与节奏"), "gaps_said": ("Half of all gaps between two purchases are at most {median} days, nine of ten at most {most}.", "一半的购买间隔不超过 {median} 天，九成不超过 {most} 天。"),
    "within": ("Bought again within", "再次购买"), "days": ("{days} days", "{days} 天"), "of_known": ("Of customers known as long", "已满该天数的客户"), "longer": ("longer", "更长"), "nobody_back": ("Nobody has come back yet.", "还没有人回来。"),
    "cohorts": ("Cohorts: who still buys, months after the first purchase", "同期群：首购后各月仍购买的客户"),
    "matured": ("Only months that are over. The last 24 cohorts.", "只含已结束的月份。最近 24 个同期群。"),
    "rfm": ("Recency, frequency, money", "RFM"), "rfm_said": ("Rows: recency, 5 is the latest. Columns: frequency, 5 is the most often.", "行：最近购买，5 为最近。列：购买频率，5 为最多。"),
    "grade": ("Grade", "等级"), "gold": ("gold", "金"), "silver": ("silver", "银"), "bronze": ("bronze", "铜"),
    "concentration": ("Concentration", "集中度"), "top_said": ("The best 20 % of customers bring {share} of the money.", "最好的 20 % 客户带来 {share} 的收入。"),
    "slipping": ("Who is slipping away", "谁正在流失"), "silent": ("Silent for", "沉默天数"), "usual": ("Usual gap", "平常间隔"), "last": ("Last purchase", "最后购买"), "yearly": ("Spent a year", "年消费"), "nobody": ("Nobody, by their own rhythm.", "按各自的节奏看，没有人。"),
    "first_rows": ("The {count} with most at stake.", "价值最高的 {count} 位。"),
    "types": ("Shopper types", "购物者类型"), "type": ("Type", "类型"), "relationship": ("relationship: four days or more, over half a year or longer", "关系型：四天以上，历时半年以上"),
    "price_sensitive": ("price-sensitive: half of the orders or more with a discount", "价格敏感型：一半以上订单有优惠"), "convenience": ("convenience: three days or more, in quick succession", "便利型：三天以上，间隔短"),
    "occasional": ("occasional: more than one day, none of the above", "偶尔型：不止一天，不属以上"), "once": ("once: a single day", "一次型：只有一天"),
    "seasons": ("Days of the week", "星期分布"), "weekdays": ("Mon Tue Wed Thu Fri Sat Sun", "周一 周二 周三 周四 周五 周六 周日"),
    "lifetime": ("Lifetime value", "客户生命周期价值"), "model": ("Model", "模型"), "parameters": ("Parameters", "参数"), "likelihood": ("Log-likelihood", "对数似然"), "identified": ("Told by the data", "数据可识别"), "yes": ("yes", "是"), "no": ("no", "否"),
    "holdout": ("Came / expected / mean error", "实际 / 预测 / 平均误差"),
    "expected_said": ("In the next {days} days, {orders} purchase days are expected of today's customers (95 %: {low} to {high}), by {model}.", "预计现有客户在今后 {days} 天内有 {orders} 个购买日（95 %：{low} 至 {high}），依据 {model}。"),
    "value_said": ("They are worth {value} (95 %: {low} to {high}), before costs.", "价值 {value}（95 %：{low} 至 {high}），未扣成本。"),
    "no_model": ("The data do not tell how many orders are still to come, so none is guessed.", "数据不足以说明今后还有多少订单，所以不作猜测。"),
    "made": ("Made by Regulars. Nothing on this page comes from elsewhere.", "由 Regulars 生成。本页不依赖任何外部资源。"),
}  # fmt: skip


def words(language: str) -> dict[str, str]:
    """All texts in one language."""
    return {name: pair[1 if language == "zh" else 0] for name, pair in WORDS.items()}
