// What `web_scraper` gives: the page as it was read, cut to what a step may keep.

import Base
import HTML
import HTTP
import JSON

/// A page as a step's output.
struct ScrapedPage {
    static let headingLimit = 300

    let page: HTMLPage
    let response: ClientResponse
    let fetchedAt: Timestamp

    /// The links that fit.
    func links(atMost limit: Int) -> [HTMLPage.Link] {
        fitting(page.links.prefix(limit)) { $0.address.utf8.count + $0.text.utf8.count }
    }

    /// The headings that fit.
    var headings: [HTMLPage.Heading] {
        fitting(page.headings.prefix(ScrapedPage.headingLimit)) { $0.text.utf8.count }
    }

    private func fitting<Element>(_ elements: ArraySlice<Element>, _ size: (Element) -> Int) -> [Element] {
        var room = WebScraperTool.listBytes
        return Array(
            elements.prefix { element in
                room -= size(element)
                return room >= 0
            })
    }

    private func isTruncated(_ maxLinks: Int, _ isTextOnly: Bool) -> Bool {
        if page.isTruncated || response.isTruncated || page.mainText.utf8.count > WebScraperTool.textBytes { return true }
        return !isTextOnly && (links(atMost: maxLinks).count < page.links.count || headings.count < page.headings.count)
    }

    /// The output; with `isTextOnly` links, headings and metadata are empty.
    static func output(isTextOnly: Bool, maxLinks: Int) -> Output<ScrapedPage> {
        Output<ScrapedPage>(
            "WebScraperOutput", "A page as a reader sees it.",
            [
                .field("url", "Where the page came from, after all redirects.") { $0.response.url.description },
                .field("status", "The status of the answer.") { $0.response.status },
                .field("title", "The title; empty when it has none.") { $0.page.title },
                .field("description", "What the page says about itself.") { $0.page.description },
                .field("language", "The language tag.") { $0.page.language },
                .field("text", "The main text, without what frames it.") {
                    $0.page.mainText.cut(bytes: WebScraperTool.textBytes)
                },
                .field("word_count", "The words of the main text.") { $0.page.wordCount },
                .list("links", "The links, absolute, each once.", link) { isTextOnly ? [] : $0.links(atMost: maxLinks) },
                .list("headings", "The outline.", heading) { isTextOnly ? [] : $0.headings },
                .objectOrNull("metadata", "What the page says beside its text.", metadata) { isTextOnly ? nil : $0.page },
                .field("charset", "The encoding it was read in.") { $0.page.charset },
                .field("bytes", "The length of the page that was taken.") { $0.response.body.count },
                .field("truncated", "Whether a bound cut something off.") { $0.isTruncated(maxLinks, isTextOnly) },
                .field("fetched_at", "When, by the clock of the run.") { $0.fetchedAt },
                .object("timings", "Where the time went.", ClientTimings.output) { $0.response.timings },
            ])
    }

    private static let link = Output<HTMLPage.Link>(
        "ScrapedLink", "A link.",
        [
            .field("text", "What the reader sees of it.") { $0.text },
            .field("url", "Where it leads.") { $0.address },
            .field("rel", "The link types, as written.") { $0.rel },
            .field("in_main_text", "Whether it stands in the main text.") { $0.isMainContent },
        ])

    private static let heading = Output<HTMLPage.Heading>(
        "ScrapedHeading", "A heading.",
        [
            .field("level", "From 1 to 6.") { $0.level },
            .field("text", "Its text.") { $0.text },
            .field("anchor", "The id by which a fragment reaches it.") { $0.anchor },
        ])

    private static let metadata = Output<HTMLPage>(
        "ScrapedMetadata", "What a page says beside its text.",
        [
            .field("canonical", "The address that the page gives for itself.") { $0.canonical },
            .field("author", "Who wrote it.") { $0.author },
            .field("published", "When, as the page writes it.") { $0.published },
            .field("properties", "The og: and twitter: properties.") { page in
                Dictionary(page.properties.map { ($0.name, $0.content) }) { first, _ in first }
            },
        ])
}
