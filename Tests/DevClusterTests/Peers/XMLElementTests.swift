@testable import DevCluster
import Testing

@Suite(.timeLimit(.minutes(1)))
struct XMLElementTests {
    @Test func whatIsWrittenIsReadBack() throws {
        let nasty = "a<b>&\"c\"\t\n é 🙂"
        var xml = XMLText()
        xml.element("Root", namespace: "urn:x") { root in
            root.element("Key", nasty)
            root.element("Empty", "")
        }
        let root = try #require(XMLElement(parsing: Array(xml.text.utf8)))
        #expect(root.name == "Root" && root.children.map(\.name) == ["Key", "Empty"])
        #expect(root.child("Key")?.text == nasty)
    }

    @Test func controlCharactersCannotBreakADocument() throws {
        var xml = XMLText()
        xml.element("Key", "a\u{1}b\u{FFFF}")
        #expect(try #require(XMLElement(parsing: Array(xml.text.utf8))).text == "a\u{FFFD}b\u{FFFD}")
    }

    @Test(arguments: [
        "", "<a>", "<a></b>", "plain", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        String(repeating: "<a>", count: 1000) + String(repeating: "</a>", count: 1000),
    ])
    func documentThatIsMalformedOrDangerousIsRefused(_ text: String) {
        let parsed = XMLElement(parsing: Array(text.utf8))
        #expect(parsed?.name == nil)
    }
}
