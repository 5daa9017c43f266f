import JSON
import KubernetesClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct YAMLTextTests {
    @Test func documentsLookAsKubectlWritesThem() {
        let value: JSONValue = [
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": [
                "annotations": [:], "labels": ["app.kubernetes.io/name": "shop", "tier": "1"], "name": "shop",
            ],
            "spec": [
                "args": ["--verbose", "-v", "--level=2", "a: b", "# no"],
                "matrix": [[1, 2], [], [["a": 1, "b": [true]]]],
                "script": "set -e\necho \"hi\"\n", "tail": "no break\nat the end", "empty": "", "nothing": .null,
                "ratio": .decimal("0.50"), "replicas": 2,
            ],
        ]
        #expect(
            YAML.text(of: value) == """
                apiVersion: apps/v1
                kind: Deployment
                metadata:
                  annotations: {}
                  labels:
                    app.kubernetes.io/name: shop
                    tier: "1"
                  name: shop
                spec:
                  args:
                  - --verbose
                  - -v
                  - --level=2
                  - "a: b"
                  - "# no"
                  empty: ""
                  matrix:
                  - - 1
                    - 2
                  - []
                  - - a: 1
                      b:
                      - true
                  nothing: null
                  ratio: 0.50
                  replicas: 2
                  script: |
                    set -e
                    echo "hi"
                  tail: |-
                    no break
                    at the end

                """
        )
    }

    @Test(arguments: [
        "yes", "No", "on", "y", "true", "null", "~", "1", "-1", "1.0", ".5", "1e3", "0x1F", "0o17", "0755", "1_000",
        "12:30:45", "2026-01-31", "2026-01-31T00:00:00Z", ".inf", ".nan", "<<", "=", "", " a", "a ", "a:", "a: b",
        "a #b", "- a", "-", "---", "---a", "...", "? a", "[a", "{a", "*a", "&a", "!a", "|", ">", "'a", "\"a", "%a",
        "@a", "`a", ",a", "#a", "a\tb", "a\u{7F}", "a\u{85}b", "a\u{2028}b", "\u{FEFF}a", "a\u{0}b", "a\rb",
    ])
    func stringsWithAnotherReadingAreQuoted(text: String) throws {
        let written = YAML.text(of: ["k": .string(text)])
        #expect(written.hasPrefix("k: \"") && written.hasSuffix("\"\n"))
        #expect(try YAML.document(Array(written.utf8)) == ["k": .string(text)])
    }

    @Test(arguments: [
        "shop", "v1.2.3", "1.2.3", "100m", "2Gi", "a:b", "a#b", "http://x/y?z=1", "sha256:00ff", "--flag", "a b", "ä€😀",
        "a, b", "it's", "10.0.0.0/8", "nginx:1.25", "TRUEST",
    ])
    func stringsWithOneReadingAreNotQuoted(text: String) throws {
        #expect(YAML.text(of: ["k": .string(text)]) == "k: \(text)\n")
        #expect(try YAML.document(Array("k: \(text)\n".utf8)) == ["k": .string(text)])
    }

    @Test(arguments: [
        "a\n", "a\nb", "a\n\nb\n", "a\n\n", "a\n\n\n", "\na", " a\nb", "a \nb", "a\n \nb", "\n", "a\n  b\n c", "a\n\tb",
        "# a\n- b: c\n", "---\na\n...\n", "a\r\nb\r\n", "\ta\nb",
    ])
    func textsOfSeveralLinesAreReadBack(text: String) throws {
        for value: JSONValue in [
            ["k": .string(text), "z": 1], [.string(text), 1], .string(text), ["a": [["b": .string(text)]]],
        ] {
            #expect(try YAML.document(Array(YAML.text(of: value).utf8)) == value)
        }
    }

    @Test func longKeysAreReadBack() throws {
        let value: JSONValue = [String(repeating: "k", count: 3000): ["a": [1]], "b": 2]
            .reduce(into: JSONValue.object([:])) { $0[$1.key] = $1.value }
        #expect(try YAML.document(Array(YAML.text(of: value).utf8)) == value)
    }

    @Test func severalDocumentsAreReadBack() throws {
        let values: [JSONValue] = [["a": 1], [1, 2], "x"]
        #expect(try YAML.documents(Array(YAML.text(of: values).utf8)) == values)
    }

    @Test func everyValueIsReadBack() throws {
        for seed in UInt64(1)...500 {
            var generator = SplitMix64(seed: seed)
            let value = Self.value(depth: 4, &generator)
            let text = YAML.text(of: value)
            let again = try YAML.documents(Array(text.utf8)).first ?? .null
            #expect(again == value, "seed \(seed):\n\(text)")
        }
    }

    private static let pieces = [
        "a", "b", " ", "\n", "\t", ":", "-", "#", "'", "\"", "\\", "0", "9", ".", "e", "x", "_", "yes", "null", "{",
        "]", ",", "&",
        "*", "!", "|", ">", "%", "ä", "😀", "\u{85}", "\u{2028}", "\u{0}", "\r", "?", "~", "<<", "=", "@", "---", "...",
    ]

    private static func string(_ generator: inout SplitMix64) -> String {
        (0..<Int.random(in: 0...6, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "" }
            .joined()
    }

    private static func value(depth: Int, _ generator: inout SplitMix64) -> JSONValue {
        switch Int.random(in: 0...(depth > 0 ? 9 : 6), using: &generator) {
        case 0: return .null
        case 1: return .bool(.random(using: &generator))
        case 2: return .integer(.random(in: .min ... .max, using: &generator))
        case 3: return .decimal("-12.50e-7")
        case 4, 5, 6: return .string(string(&generator))
        case 7:
            return .array(
                (0..<Int.random(in: 0...3, using: &generator)).map { _ in value(depth: depth - 1, &generator) }
            )
        default:
            var members: [String: JSONValue] = [:]
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                members[string(&generator)] = value(depth: depth - 1, &generator)
            }
            return .object(members)
        }
    }
}
