// robots.txt by the letter of RFC 9309 and by what is out there.

import Testing

@testable import Execution

@Suite struct RobotsTests {
    private func allows(_ file: String, _ target: String, as token: String = "insula") -> Bool {
        RobotsRules(Array(file.utf8), token: token).allows(target)
    }

    @Test func `nothing said allows everything`() {
        #expect(allows("", "/"))
        #expect(allows("User-agent: *\nDisallow:", "/a"))
        #expect(allows("Disallow: /", "/a"), "rules before any user-agent belong to nobody")
    }

    @Test func `the longest matching rule decides, and of two as long the one that allows`() {
        let file = "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c\n"
        #expect(!allows(file, "/a"))
        #expect(!allows(file, "/abc"))
        #expect(allows(file, "/a/b"))
        #expect(!allows(file, "/a/b/c/d"))
        #expect(allows("User-agent: *\nDisallow: /page\nAllow: /page", "/page"))
        #expect(allows("User-agent: *\nAllow: /page\nDisallow: /page", "/page"))
    }

    @Test func `the groups of our name count instead of the general ones, together and in any case`() {
        let file =
            "User-agent: *\nDisallow: /\n\nUSER-AGENT: Insula/9.0\nDisallow: /x\n\nuser-agent: other\nuser-agent: insula\nDisallow: /y\n"
        #expect(allows(file, "/free"))
        #expect(!allows(file, "/x"))
        #expect(!allows(file, "/y"))
        #expect(!allows(file, "/free", as: "someone"))
        #expect(allows("User-agent: insula\n\nUser-agent: *\nDisallow: /", "/a", as: "insul") == false)
    }

    @Test func `other lines do not end a group`() {
        let file = "User-agent: a\nSitemap: https://example.com/s.xml\nUser-agent: insula\nCrawl-delay: 3\nDisallow: /x # why\n"
        #expect(!allows(file, "/x"))
    }

    @Test func `a star stands for anything and a dollar for the end`() {
        let file = "User-agent: *\nDisallow: /*.gif$\nDisallow: /p*q\nAllow: /price\n"
        #expect(!allows(file, "/a/b.gif"))
        #expect(allows(file, "/a/b.gif?x"))
        #expect(!allows(file, "/p/1/q/2"))
        #expect(allows(file, "/p/1"))
        #expect(!allows("User-agent: *\nDisallow: /a$b", "/a$bc"), "a dollar elsewhere is a dollar")
        #expect(!allows("User-agent: *\nDisallow: *", "/anything"))
    }

    @Test func `escapes mean the same as what they stand for`() {
        #expect(!allows("User-agent: *\nDisallow: /%66oo", "/foo"))
        #expect(!allows("User-agent: *\nDisallow: /ツ", "/%E3%83%84"))
        #expect(!allows("User-agent: *\nDisallow: /%e3%83%84", "/%E3%83%84"))
        #expect(allows("User-agent: *\nDisallow: /a%2Fb", "/a/b"), "an escaped slash is another character")
    }

    @Test func `line ends of all three kinds, blanks and a byte order mark are read`() {
        #expect(!allows("\u{FEFF}User-agent : *\r  Disallow\t: /x  \r\n", "/x"))
    }

    @Test func `the file itself may always be read`() {
        #expect(allows("User-agent: *\nDisallow: /", "/robots.txt"))
    }

    @Test func `a file and rules beyond the bounds cost bounded work and end in no`() {
        let huge =
            "User-agent: *\n" + String(repeating: "Disallow: /" + String(repeating: "*a", count: 200) + "b\n", count: 1_200)
        let isAllowed = allows(huge, "/" + String(repeating: "a", count: 4_000))
        #expect(!isAllowed)
        let late = "User-agent: *\n" + String(repeating: "#\n", count: RobotsRules.maximumBytes) + "Disallow: /"
        let isLateAllowed = allows(late, "/x")
        #expect(isLateAllowed, "what stands behind the bound is not read")
    }

    @Test func `the name is the first product of the user agent`() {
        #expect(RobotsRules.token(of: "Insula/1.0 (web_scraper)") == "insula")
        #expect(RobotsRules.token(of: "My_Bot") == "my_bot")
    }
}
