// End tags: what each of them closes, and how far it may reach.

extension HTMLTreeBuilder {
    /// Closes the element that `</name>` ends, if one is open in scope.
    mutating func close(_ tag: HTMLTag, name: String) {
        switch tag {
        case .html, .head, .body: return
        case .p: closeOpen(top.paragraph)
        case .li: closeOpen(top.item)
        case .dt, .dd: if top.term >= 0, stack[Int(top.term)].tag == tag { closeOpen(top.term) }
        case .td, .th: if top.cell >= 0, stack[Int(top.cell)].tag == tag { closeOpen(top.cell) }
        case .tr: closeOpen(top.row)
        case .thead, .tbody, .tfoot: if top.rowGroup >= 0, stack[Int(top.rowGroup)].tag == tag { closeOpen(top.rowGroup) }
        case .table: closeOpen(top.table)
        case .a: if top.link >= 0 { closeLink() }
        case .br: break
        default:
            if tag.isFormatting { closeFormatting(tag) } else { closeNearest(tag, name: name) }
        }
    }

    /// The nearest open element of that name. A heading ends any heading; an inline element is not looked for outside its block.
    private mutating func closeNearest(_ tag: HTMLTag, name: String) {
        var place = stack.count - 1
        while place > 0 {
            document.work += 1
            let frame = stack[place]
            let isHeading = tag.headingLevel > 0 && frame.tag.headingLevel > 0
            if isHeading || frame.tag == tag && (tag != .other || document.nodes[Int(frame.node)].name == name) {
                return pop(through: place)
            }
            if frame.tag.isBoundary || frame.tag.isBlock && !tag.isBlock && !tag.isBoundary { return }
            place -= 1
        }
    }

    /// Ends a formatting element. What was opened inside it stays open: text loses nothing by being marked for too long.
    private mutating func closeFormatting(_ tag: HTMLTag) {
        var place = stack.count - 1
        let floor = max(1, stack.count - 1 - HTMLTreeBuilder.maximumReopened)
        while place >= floor, stack[place].tag != tag {
            document.work += 1
            if stack[place].tag.isBoundary { return }
            place -= 1
        }
        guard place >= floor else { return }
        let inside = stack[(place + 1)...]
        stack.removeSubrange(place...)
        for frame in inside { push(node: Int(frame.node), tag: frame.tag) }
    }

    /// Ends the open link. Text must not be in it for too long, or half the page would count as its text: what was opened inside it is
    /// closed with it and opened again behind it.
    mutating func closeLink() {
        let place = Int(top.link)
        let inside = stack[(place + 1)...]
        document.work += inside.count
        stack.removeSubrange(place...)
        guard inside.count <= HTMLTreeBuilder.maximumReopened else { return }
        for frame in inside {
            let old = document.nodes[Int(frame.node)]
            let copy = HTMLDocument.Node(tag: old.tag, name: old.name, start: old.start, end: old.end)
            push(node: append(copy, to: top.node), tag: frame.tag)
        }
    }
}
