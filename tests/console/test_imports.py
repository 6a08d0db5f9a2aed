import re

from console.shops import Visitor, words


def test_an_import_says_what_became_of_every_row(olga: Visitor):
    page = olga.get("/imports").text
    assert "export.csv" in words(page)
    [address] = re.findall(r'class="row-link" href="(/imports/imp_[0-9a-z]{13})"', page)
    said = words(olga.get(address).text)
    assert "Rows read 3" in said
    assert "Rows dropped 1" in said
    assert "Rows rejected 1" in said
    assert "Kept part of an order 1" in said
    assert "Dropped no price 1" in said
    assert "Rejected date cannot be read 1" in said
    assert "Finished" in said


def test_earlier_imports_are_a_page_further(olga: Visitor):
    assert 'rel="next"' not in olga.get("/imports").text
    assert "No file imported yet" in words(olga.get("/imports?before=2020-01-01T00:00:00Z").text)


def test_the_reasons_are_told_in_chinese_too(olga: Visitor):
    olga.client.cookies.set("regulars_language", "zh-CN")
    [address] = re.findall(r'class="row-link" href="(/imports/[^"]+)"', olga.get("/imports").text)
    said = words(olga.get(address).text)
    assert "舍弃 无价格 1" in said
    assert "拒绝 日期无法识别 1" in said
