// Evidence for the encoding of a page, and its decoding.

import Testing

@testable import HTML

struct CharsetTests {
    private static func text(_ bytes: [UInt8], _ contentType: String? = nil) -> String {
        String(decoding: HTMLCharset.detect(bytes, contentType: contentType).decode(bytes), as: UTF8.self)
    }

    @Test(
        arguments: [
            ([0xEF, 0xBB, 0xBF, 0xC3, 0xA9], "text/html; charset=koi8-r", "UTF-8", "é"),
            ([0xFF, 0xFE, 0x41, 0x00, 0xAC, 0x20], nil, "UTF-16LE", "A€"),
            ([0xFE, 0xFF, 0x00, 0x41, 0x20, 0xAC], nil, "UTF-16BE", "A€"),
            ([0xFF, 0xFE, 0x00, 0xD8, 0x41], nil, "UTF-16LE", "\u{FFFD}\u{FFFD}"),
            ([0xE9, 0x80], "text/html;charset=iso-8859-1", "windows-1252", "é€"),
            ([0xE9, 0x81, 0x9D], nil, "UTF-8", "\u{905D}"),
            ([0x81, 0x9D], nil, "windows-1252", "\u{81}\u{9D}"),
            ([0x41, 0xE2, 0x82], nil, "UTF-8", "A\u{FFFD}"),
            ([0x41, 0xE9], nil, "UTF-8", "A\u{FFFD}"),
            ([0xE9, 0x41], nil, "windows-1252", "éA"),
            ([0xC3, 0xA9], "text/html; charset=no-such-thing", "UTF-8", "é"),
            ([0xA4], "text/html; charset=\"ISO-8859-15\"", "ISO-8859-15", "€"),
            ([0xB1], "text/html; charset=latin2", "ISO-8859-2", "ą"),
            ([0xCF, 0xF0, 0xE8], "text/html; charset=windows-1251", "windows-1251", "При"),
            ([0xF0, 0xD2, 0xC9], "text/html; charset=KOI8-R", "KOI8-R", "При"),
            ([0x8A, 0xBF, 0x8E, 0x9A], "text/html; charset=Shift_JIS", "Shift_JIS", "漢字"),
            ([0xB4, 0xC1, 0xBB, 0xFA], "text/html; charset=EUC-JP", "EUC-JP", "漢字"),
            ([0xBA, 0xBA, 0xD7, 0xD6], "text/html; charset=gb2312", "GBK", "汉字"),
            ([0xBA, 0x7E, 0xA6, 0x72], "text/html; charset=big5", "Big5", "漢字"),
            ([0xC7, 0xD1, 0xB1, 0xDB], "text/html; charset=euc-kr", "EUC-KR", "한글"),
            ([0x41, 0xFF, 0x42], "text/html; charset=gbk", "GBK", "A\u{FFFD}B"),
            ([0x41, 0xBA], "text/html; charset=gbk", "GBK", "A\u{FFFD}"),
            ([], nil, "UTF-8", ""),
        ] as [([UInt8], String?, String, String)])
    func `bytes and header decide the encoding and decode`(bytes: [UInt8], type: String?, name: String, text: String) {
        #expect(HTMLCharset.detect(bytes, contentType: type).name == name)
        #expect(CharsetTests.text(bytes, type) == text)
    }

    @Test(arguments: [
        ("<meta charset=koi8-r>", "KOI8-R"),
        ("<META CHARSET='Windows-1251' >", "windows-1251"),
        ("<meta http-equiv=Content-Type content='text/html; charset=ISO-8859-2'>", "ISO-8859-2"),
        ("<meta content='text/html; charset = \"gbk\"' http-equiv=content-type>", "GBK"),
        ("<!-- <meta charset=koi8-r> --><meta charset=euc-kr>", "EUC-KR"),
        ("<meta name=a content='charset=koi8-r'>", "windows-1252"),
        ("<meta charset=nonsense><meta charset=big5>", "Big5"),
        ("<meta charset=utf-16>", "UTF-8"),
        ("<?xml version='1.0' encoding='iso-8859-15'?><html>", "ISO-8859-15"),
        ("<meta charset=koi8-r", "windows-1252"),
        (String(repeating: " ", count: HTMLCharset.prescanBytes) + "<meta charset=koi8-r>", "windows-1252"),
        (String(repeating: " ", count: HTMLCharset.prescanBytes - 21) + "<meta charset=koi8-r>", "KOI8-R"),
    ])
    func `a meta near the beginning decides`(html: String, name: String) {
        // The byte at the end is no UTF-8, so that the fallback is not UTF-8.
        let bytes = Array(html.utf8) + [0xE9, 0x20, 0x20, 0x20]
        #expect(HTMLCharset.detect(bytes).name == name)
    }

    @Test func `every encoding of the label table has a converter here or in the C library`() {
        for (label, charset) in HTMLCharset.labels where charset.converterName != nil {
            let converted = HTMLConverter.convert(Array("plain".utf8)[...], from: charset.converterName ?? "")
            #expect(converted == Array("plain".utf8), "\(label)")
        }
        #expect(HTMLCharset.labels.count > 200)
    }

    @Test func `a long page of a legacy encoding passes through whole`() {
        let bytes = [UInt8](repeating: 0xCF, count: 100_000)
        let text = HTMLCharset(label: " Windows-1251\n")?.decode(bytes) ?? []
        #expect(text.count == 200_000)
        #expect(text.suffix(2) == [0xD0, 0x9F])
    }

    @Test func `invalid bytes of a declared encoding become replacement characters`() {
        let bytes: [UInt8] = [0x41, 0xC3, 0x28, 0xF0, 0x9F, 0x92, 0x42]
        #expect(String(decoding: HTMLCharset.utf8.decode(bytes), as: UTF8.self) == "A\u{FFFD}(\u{FFFD}B")
    }
}
