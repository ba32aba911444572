// Which endpoint a method and a raw path lead to, and what never leads anywhere.

import Base
import Testing

@testable import HTTP

@Suite struct RouterTests {
    static let routes: [Router.Route] = [
        .init(.get, "/"),
        .init(.get, "/healthz"),
        .init(.get, "/v1/agents"),
        .init(.post, "/v1/agents"),
        .init(.get, "/v1/agents/{agent}"),
        .init(.patch, "/v1/agents/{agent}"),
        .init(.delete, "/v1/agents/{agent}"),
        .init(.post, "/v1/agents/{agent}/start"),
        .init(.get, "/v1/agents/search"),
        .init(.get, "/v1/agents/{agent}/executions/{execution}"),
        .init(.get, "/v1/executions"),
        .init(.get, "/v1/executions-archive"),
        .init(.options, "/v1/executions"),
        .init(.get, "/a/{b}/{c}/{d}/{e}/{f}/{g}"),
        .init(.post, "/v1/agents/search/deep"),
    ]

    static let router = Router(routes)

    /// A short text for what a request leads to.
    private func route(_ method: Method, _ path: String) -> String {
        let bytes = Array(("xyz" + path + " HTTP/1.1").utf8)
        switch RouterTests.router.match(method, bytes.span, path: 3..<3 + path.utf8.count) {
        case .endpoint(let index, let parameters):
            let texts = (0..<parameters.count).map { parameters.text($0, in: bytes) ?? "?" }
            return ([String(index)] + texts).joined(separator: " ")
        case .options(let allow): return "options " + String(decoding: allow, as: UTF8.self)
        case .methodNotAllowed(let allow): return "405 " + String(decoding: allow, as: UTF8.self)
        case .notFound: return "404"
        }
    }

    @Test(arguments: [
        (Method.get, "/", "0"), (.get, "/healthz", "1"), (.get, "/v1/agents", "2"), (.post, "/v1/agents", "3"),
        (.get, "/v1/agents/agent_1", "4 agent_1"), (.patch, "/v1/agents/x", "5 x"), (.delete, "/v1/agents/x", "6 x"),
        (.post, "/v1/agents/x/start", "7 x"), (.get, "/v1/agents/search", "8"), (.get, "/v1/agents/searches", "4 searches"),
        (.get, "/v1/agents/a/executions/b", "9 a b"), (.get, "/v1/executions", "10"), (.get, "/v1/executions-archive", "11"),
        (.options, "/v1/executions", "12"), (.get, "/a/1/2/3/4/5/6", "13 1 2 3 4 5 6"),
        (.post, "/v1/agents/search/start", "7 search"),
        (.post, "/v1/agents/search/deep", "14"),
    ])
    func `a path leads to its endpoint, a literal before a parameter`(method: Method, path: String, expected: String) {
        #expect(route(method, path) == expected)
    }

    @Test(arguments: [
        ("/v1/agents/a%2Fb", "4 a/b"), ("/v1/agents/a%20b%C3%A9", "4 a b\u{E9}"), ("/v1/agents/%41", "4 A"),
        ("/v1/agents/a+b", "4 a+b"),
        ("/v1/agents/...", "4 ..."), ("/v1/agents/a.", "4 a."), ("/v1/agents/%FF", "4 ?"), ("/v1/agents/sear%63h", "4 search"),
    ])
    func `escapes of a parameter are decoded and separate nothing`(path: String, expected: String) {
        #expect(route(.get, path) == expected)
    }

    @Test(arguments: [
        "", "/v", "/v1", "/v1/", "/v1/agents/", "/v1//agents", "//v1/agents", "//", "/healthz/", "/Healthz", "/health%7A",
        "/v1/agents/.",
        "/v1/agents/..", "/v1/agents/%2e", "/v1/agents/%2E%2e", "/v1/agents/.%2E", "/./healthz", "/v1/../healthz", "/v1/agents/%",
        "/v1/agents/%4",
        "/v1/agents/%4g", "/v1/agents/a/executions", "/v1/agents/a/executions/b/c", "/a/1/2/3/4/5", "/a/1/2/3/4/5/6/7",
        "/healthzz", "/health",
        "*", "healthz", "/v1/agents/x%2Fstart/start/", "/v1%2Fagents",
    ])
    func `what is no route is not found, whatever the method`(path: String) {
        #expect(route(.get, path) == "404")
        if path != "*" { #expect(route(.options, path) == "404") }
    }

    @Test func `another method is answered with the methods that the path has`() {
        #expect(route(.put, "/v1/agents") == "405 GET, HEAD, POST, OPTIONS")
        #expect(route(.get, "/v1/agents/x/start") == "405 POST, OPTIONS")
        #expect(route(.head, "/v1/agents/x/start") == "405 POST, OPTIONS")
        #expect(route(.other, "/healthz") == "405 GET, HEAD, OPTIONS")
        #expect(route(.trace, "/v1/agents/x") == "405 GET, HEAD, PATCH, DELETE, OPTIONS")
    }

    @Test func `HEAD is answered by GET, and OPTIONS by the list of methods`() {
        #expect(route(.head, "/v1/agents/x") == "4 x")
        #expect(route(.options, "/v1/agents") == "options GET, HEAD, POST, OPTIONS")
        #expect(route(.options, "*") == "options GET, HEAD, POST, PATCH, DELETE, OPTIONS")
    }

    @Test func `every route leads to its own endpoint`() {
        for (index, declared) in RouterTests.routes.enumerated() {
            let path = declared.pattern.replacing("{", with: "").replacing("}", with: "")
            #expect(route(declared.method, path).split(separator: " ").first == Substring(String(index)))
        }
    }

    @Test func `a path of very many segments ends the walk early`() {
        #expect(route(.get, String(repeating: "/a", count: 4000)) == "404")
    }

    @Test func `a table with a conflict does not start`() async {
        await #expect(processExitsWith: .failure) { _ = Router([.init(.get, "/a/{b}"), .init(.get, "/a/{b}")]) }
        await #expect(processExitsWith: .failure) { _ = Router([.init(.get, "/a/{b}"), .init(.post, "/a/{c}")]) }
        await #expect(processExitsWith: .failure) { _ = Router([.init(.get, "/a/{b}/{b}")]) }
        await #expect(processExitsWith: .failure) { _ = Router([.init(.get, "/a/")]) }
        await #expect(processExitsWith: .failure) { _ = Router([.init(.get, "a")]) }
        await #expect(processExitsWith: .failure) { _ = Router([.init(.get, "/{a}/{b}/{c}/{d}/{e}/{f}/{g}")]) }
        await #expect(processExitsWith: .success) { _ = Router([.init(.get, "/a/{b}"), .init(.post, "/a/{b}")]) }
    }
}

@Suite struct QueryParametersTests {
    private func pairs(_ text: String) throws -> [String] {
        let bytes = Array(text.utf8)
        return try QueryParameters(bytes.span, 0..<bytes.count).pairs.map { "\($0.name)=\($0.value)" }
    }

    @Test(arguments: [
        ("", []), ("a", ["a="]), ("a=", ["a="]), ("=b", ["=b"]), ("a=b", ["a=b"]), ("a=b&c=d", ["a=b", "c=d"]),
        ("&&a=b&&", ["a=b"]),
        ("a=b=c", ["a=b=c"]), ("a+b=c+d", ["a b=c d"]), ("a%20b=%2B%26%3D", ["a b=+&="]), ("filter[name]=x", ["filter[name]=x"]),
        ("a=1&a=2", ["a=1", "a=2"]), ("x=%C3%A9", ["x=\u{E9}"]),
    ])
    func `a query is taken apart`(text: String, expected: [String]) throws {
        #expect(try pairs(text) == expected)
    }

    @Test(arguments: ["a=%", "a=%1", "a=%zz", "%=a", "a=%FF", "a=%C3", "a=%ED%A0%80", "a=%C0%AF", "a=b&c=%4"])
    func `a bad escape refuses the query`(text: String) {
        #expect(throws: Fault.self) { try pairs(text) }
    }

    @Test func `as many pairs as the bound says are taken, and one more is refused`() throws {
        let most = Array(repeating: "a=b", count: QueryParameters.pairs).joined(separator: "&")
        #expect(try pairs(most).count == QueryParameters.pairs)
        #expect(throws: Fault.self) { try pairs(most + "&a=b") }
    }

    @Test func `values are found by name`() throws {
        let head = RequestHead()
        let text = "GET /a?x=1&y=2&x=3 HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(parseRequest(text, into: head) == .head(consumed: text.utf8.count))
        let query = try QueryParameters(head)
        #expect(query["y"] == "2")
        #expect(query["x"] == "1")
        #expect(query.values("x") == ["1", "3"])
        #expect(query["z"] == nil)
    }
}
