@testable import DevCluster
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct NameListingTests {
    private func pages(_ names: [ObjectName], prefix: String, delimiter: String, size: Int) -> [NameListing.Line] {
        var lines: [NameListing.Line] = []
        var after: NameListing.Line?
        while true {
            let page = NameListing(of: names, prefix: prefix, delimiter: delimiter, after: after, limit: size)
            lines += page.lines
            guard page.isTruncated, let last = page.lines.last else { return lines }
            after = last
        }
    }

    @Test func pagesOfAnySizeJoinToTheWholeList() async {
        await checkProperty(cases: 300) { generator in
            (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                (0..<Int.random(in: 1...5, using: &generator)).map { _ in
                    ["a", "b", "/", "é"].randomElement(using: &generator) ?? "a"
                }
                .joined()
            }
        } fails: { (texts: [String]) in
            let names = Set(texts.map { ObjectName($0) }).sorted()
            for prefix in ["", "a", "a/", "b"] {
                for delimiter in ["", "/", "a"] {
                    // The rule, without paging.
                    var expected: [NameListing.Line] = []
                    for name in names where name.text.hasPrefix(prefix) {
                        let rest = name.text.dropFirst(prefix.count)
                        let parts =
                            delimiter.isEmpty
                            ? [rest] : rest.split(separator: delimiter, maxSplits: 1, omittingEmptySubsequences: false)
                        let line: NameListing.Line =
                            parts.count == 2 ? .prefix(prefix + parts[0] + delimiter) : .object(name)
                        if line != expected.last { expected.append(line) }
                    }
                    for size in 1...4 {
                        let found = pages(names, prefix: prefix, delimiter: delimiter, size: size)
                        if found != expected {
                            return "prefix \(prefix), delimiter \(delimiter), size \(size): \(found) != \(expected)"
                        }
                    }
                }
            }
            return nil
        }
    }

    @Test func namesAreEqualByTheirBytes() {
        #expect(ObjectName("\u{E9}") != ObjectName("e\u{301}"))
        #expect(Set([ObjectName("\u{E9}"), ObjectName("e\u{301}")]).count == 2)
        #expect(ObjectName("Z") < ObjectName("a"))
    }

    @Test(arguments: ["../x", "a/../b", "", "/a", "a//b", ".hidden", "a/.b", "a/", "a\0b"])
    func nameThatLeavesTheFolderIsNoPath(_ name: String) {
        #expect(!ObjectName(name).isPath)
    }
}
