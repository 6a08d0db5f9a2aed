import re
from pathlib import Path

import make
from console.shops import Visitor, words
from regulars import jobs
from regulars.commerce import connectors as files


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


def test_a_finished_import_says_that_the_file_is_known_and_how_to_force_it(olga: Visitor):
    [address] = re.findall(r'class="row-link" href="(/imports/[^"]+)"', olga.get("/imports").text)
    said = words(olga.get(address).text)
    assert "This file is known since 2 Mar 2026, 12:00: importing it again does nothing, unless --again" in said
    olga.client.cookies.set("regulars_language", "zh-CN")
    assert "此文件已于 2026年3月2日 12:00 导入" in words(olga.get(address).text)


def test_the_list_tells_refused_documents_from_rejected_rows(bare: Visitor, tmp_path: Path):
    export = tmp_path / "refused.csv"
    export.write_text(
        "order,date,customer,sku,quantity,price\n"
        "1,2026-01-05,ada,MUG,1,12.50\n1,2026-01-06,ada,MUG,-1,99\n2,2026-01-05,ada,MUG,one,1\n",
        "utf-8",
    )
    with bare.app.database.transaction() as tx:
        shop = make.shop(tx)
    source = files.read_file(export, files.Profile({}), shop)
    jobs.import_file(bare.app, shop, source)
    source.close()
    bare.sign_in()
    page = bare.get("/imports").text
    assert re.findall(r'data-label="(?:Returns|Refused|Rejected)" class="r">(\d+)<', page) == ["0", "1", "1"]
    [address] = re.findall(r'class="row-link" href="(/imports/[^"]+)"', page)
    said = words(bare.get(address).text)
    assert "Refused 1" in said
    assert "only 1250 is left to give back" in said
