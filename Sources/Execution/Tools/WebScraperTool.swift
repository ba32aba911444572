// `web_scraper`: reads a page of HTML as a reader would: title, main text, outline, links and metadata, with where the time went. The
// site's robots.txt is asked first, and again when a redirect led elsewhere. Parsing burns a core, and so leaves the loop.
// Bounds: `pageBytes` taken, `textBytes` of text, `max_links`, `listBytes` of links and of headings, the timeout.

import Base
import HTML
import HTTP
import JSON
import Loop

/// Reads a web page.
struct WebScraperTool: Tool {
    static let pageBytes = 5 << 20
    static let textBytes = 256 << 10
    static let listBytes = 192 << 10
    static let maxLinks = 0...1_000
    static let timeoutSeconds = 1...120
    /// How long robots.txt may take.
    static let robotsMilliseconds = 10_000
    static let userAgent = "Insula/1.0 (web_scraper)"

    struct Arguments: Sendable {
        let url: String
        let timeoutSeconds: Int
        let userAgent: String
        let isTextOnly: Bool
        let maxLinks: Int
        let respectsRobots: Bool
    }

    private let client: OutgoingClient
    private let pool: BlockingPool

    init(client: OutgoingClient, pool: BlockingPool) {
        self.client = client
        self.pool = pool
    }

    let name = "web_scraper"
    let version = "1.0.0"
    let summary = "Reads a web page: title, main text, outline, links, metadata."
    let category = "data_collection"
    let effect = Effect.idempotent
    let configuration = WebScraperTool.declaration("WebScraperConfiguration", isCall: false)
    let arguments = WebScraperTool.declaration("WebScraperArguments", isCall: true)
    var output: SchemaNode { ScrapedPage.output(isTextOnly: false, maxLinks: 0).schema }

    let examples = [
        ToolExample("Read a page", configuration: ["url": "https://example.com/", "timeout": 30]),
        ToolExample(
            "Read what the trigger names, text alone", configuration: ["extract_text_only": true],
            input: ["url": "https://example.com/"]),
    ]

    private static func declaration(_ name: String, isCall: Bool) -> Input<Arguments> {
        Input<Arguments>(name, "A page to read.") { fields in
            Arguments(
                url: isCall
                    ? fields.required("url", .httpURL, "The page: http or https.")
                    : fields.optional("url", .httpURL, "The page: http or https.") ?? "",
                timeoutSeconds: fields.defaulted("timeout", .integer(timeoutSeconds), 30, "Seconds that it may take."),
                userAgent: fields.defaulted(
                    "user_agent", .string(1...256, format: .line), userAgent, "How the tool introduces itself, to robots.txt too."
                ),
                isTextOnly: fields.defaulted(
                    "extract_text_only", .boolean, false, "Whether links, headings and metadata are left out."),
                maxLinks: fields.defaulted("max_links", .integer(maxLinks), 100, "How many links are given at most."),
                respectsRobots: fields.defaulted("respect_robots", .boolean, true, "Whether the site's robots.txt is heeded."))
        }
    }

    func call(_ arguments: Arguments, in context: ToolContext) async throws(StepFailure) -> JSONValue {
        guard let url = WebURL(arguments.url) else {
            throw StepFailure(.invalid("url", "format", "This is no absolute URL."))
        }
        if arguments.respectsRobots { try await askRobots(url, arguments, context) }
        var request = ClientRequest(.get, url, headers: WebScraperTool.headers(arguments))
        request.timeoutMilliseconds = context.milliseconds(atMost: arguments.timeoutSeconds * 1000)
        request.responseLimitBytes = WebScraperTool.pageBytes
        request.truncatesAtLimit = true
        let response = try await send(request)
        if let failure = response.failure { throw failure }
        if arguments.respectsRobots, response.redirectCount > 0 { try await askRobots(response.url, arguments, context) }
        let page = try await read(response, context)
        var metadata = JSONObject()
        metadata["bytes"] = .integer(response.body.count)
        metadata["words"] = .integer(page.page.wordCount)
        metadata["duration_ms"] = .integer(response.timings.totalMilliseconds)
        context.write(.info, "read a page of \(response.url.hostname)", metadata)
        return try ScrapedPage.output(isTextOnly: arguments.isTextOnly, maxLinks: arguments.maxLinks).value(page)
    }

    private func send(_ request: ClientRequest) async throws(StepFailure) -> ClientResponse {
        do throws(Fault) {
            return try await client.send(request)
        } catch {
            throw StepFailure(error)
        }
    }

    private static func headers(_ arguments: Arguments) -> [ClientHeader] {
        [
            ClientHeader("user-agent", arguments.userAgent),
            ClientHeader("accept", "text/html, application/xhtml+xml, text/plain;q=0.8"),
        ]
    }

    // MARK: robots.txt

    /// - Throws: permanent when the site does not want the page read; transient when it could not say (RFC 9309, section 2.3.1.4).
    private func askRobots(_ url: WebURL, _ arguments: Arguments, _ context: ToolContext) async throws(StepFailure) {
        guard let robots = url.resolve("/robots.txt") else { return }
        var request = ClientRequest(.get, robots, headers: [ClientHeader("user-agent", arguments.userAgent)])
        request.timeoutMilliseconds = context.milliseconds(
            atMost: min(arguments.timeoutSeconds * 1000, WebScraperTool.robotsMilliseconds))
        request.responseLimitBytes = RobotsRules.maximumBytes
        request.truncatesAtLimit = true
        let response = try await send(request)
        if response.status >= 500 {
            throw StepFailure(
                Fault(.outboundFailed, "\(url.hostname) could not say what may be read: status \(response.status)."), .transient)
        }
        guard (200...299).contains(response.status) else { return }
        let (body, target) = (response.body, url.requestTarget)
        let token = RobotsRules.token(of: arguments.userAgent)
        let isAllowed = try await leaving { RobotsRules(body, token: token).allows(target) }
        guard isAllowed else {
            throw StepFailure(Fault(.outboundRefused, "The robots.txt of \(url.hostname) does not want this page read."))
        }
    }

    // MARK: The page

    private func read(_ response: ClientResponse, _ context: ToolContext) async throws(StepFailure) -> ScrapedPage {
        let type = response.headers.text(of: .contentType) ?? "text/html"
        let media = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
        let (body, url) = (response.body, response.url)
        let page: HTMLPage
        switch media {
        case "text/html", "application/xhtml+xml", "application/xml", "text/xml":
            page = try await leaving {
                HTMLPage(body, contentType: type) { reference in
                    guard let link = url.resolve(reference), link.scheme == "http" || link.scheme == "https" else { return nil }
                    return link.description
                }
            }
        default:
            throw StepFailure(Fault(.unsupportedMediaType, "The page is \(media), not HTML."))
        }
        return ScrapedPage(page: page, response: response, fetchedAt: context.clock.now)
    }

    /// Runs `body` off the loops.
    private func leaving<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async throws(StepFailure) -> Value {
        do throws(Fault) {
            return try await pool.run(body)
        } catch {
            throw StepFailure(error)
        }
    }
}
