import Testing

@testable import Selection

@Suite struct GlobTests {
    @Test(arguments: [
        ("*.onnx", "a.onnx", true), ("*.onnx", "dir/a.onnx", false), ("**/*.onnx", "a.onnx", true),
        ("**/*.onnx", "x/y/a.onnx", true), ("**", "a", true), ("**", "a/b/c", true), ("a/**", "a/b/c", true),
        ("a/**", "ab/c", false), ("a/**", "a", false), ("a/**/b", "a/b", true), ("a/**/b", "a/x/y/b", true),
        ("a/**/b", "ab", false), ("**/a/**", "x/a/y", true), ("**/a/**", "a/y", true), ("a**b", "axxb", true),
        ("a**b", "a/b", false), ("a?c", "abc", true), ("a?c", "a/c", false), ("a?c", "aéc", true),
        ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false), ("[^a-c]x", "dx", true), ("[!a]x", "/x", false), ("[+-9]x", "/x", false),
        ("[+-9]x", "5x", true), ("{a,b}.txt", "b.txt", true), ("{a,b}.txt", "c.txt", false),
        ("{a/**,b}", "a/x/y", true),
        ("{a,{b,c}d}", "cd", true), ("{**/x,y}", "q/r/x", true), ("{,a}b", "b", true), (#"\*"#, "*", true),
        (#"\*"#, "a", false),
        (#"[\]]"#, "]", true), ("a,b", "a,b", true), ("a}", "a}", true), ("*", "", true), ("*", ".hidden", true),
        ("*.tmp", "a.tmp.gz", false), ("***", "a", true), ("a/*", "a/b/c", false), ("x{[}],y}", "x}", true),
    ])
    func globsMatchAsInDoublestar(glob: String, name: String, matches: Bool) throws {
        #expect(try Glob(glob).matches(name) == matches, "\(glob) on \(name)")
    }

    @Test(arguments: [
        ("[a", 0), ("a[", 1), ("a[]", 1), ("[z-a]", 0), ("{a", 0), ("a{b,{c}", 1), (#"a\"#, 1), ("é{a", 2),
        ("{a/**,b}/c", 3), ("", 0),
    ])
    func malformedGlobsAreErrorsWithAPosition(glob: String, position: Int) {
        let error = #expect(throws: SelectionError.self) { try Glob(glob) }
        #expect(error?.code == .glob)
        #expect(error?.position == position)
    }

    @Test func boundsHoldOnLengthAndDepth() throws {
        #expect(throws: SelectionError.self) { try Glob(String(repeating: "a", count: 513)) }
        let nested = { (depth: Int) in
            String(repeating: "{", count: depth) + "a" + String(repeating: "}", count: depth)
        }
        _ = try Glob(nested(10))
        #expect(throws: SelectionError.self) { try Glob(nested(11)) }
    }

    @Test func manyStarsTakeLinearTime() throws {
        let glob = try Glob(String(repeating: "*a", count: 100) + "b")
        var machine = PikeMachine(glob.program)
        let text = String(repeating: "a", count: 2_000)
        #expect(machine.matches(text) == false)
        #expect(machine.steps <= 2 * glob.program.code.count * 2_001)
    }

    /// Segment by segment with backtracking: the definition, for globs without braces and classes.
    private func matches(_ glob: ArraySlice<Substring>, _ name: ArraySlice<Substring>) -> Bool {
        guard let first = glob.first else { return name.isEmpty }
        if first == "**" {
            if glob.count == 1 { return !name.isEmpty }
            return (0...name.count).contains { matches(glob.dropFirst(), name.dropFirst($0)) }
        }
        guard let segment = name.first else { return false }
        return segmentMatches(Array(first), Array(segment)) && matches(glob.dropFirst(), name.dropFirst())
    }

    private func segmentMatches(_ glob: [Character], _ name: [Character]) -> Bool {
        guard let first = glob.first else { return name.isEmpty }
        if first == "*" {
            return (0...name.count).contains { segmentMatches(Array(glob.dropFirst()), Array(name.dropFirst($0))) }
        }
        return !name.isEmpty && (first == "?" || first == name[0])
            && segmentMatches(Array(glob.dropFirst()), Array(name.dropFirst()))
    }

    @Test func randomGlobsMatchByTheirDefinition() throws {
        var random = SplitMix64(seed: 3)
        var hits = 0
        for _ in 0..<4_000 {
            let segments = ["**", "*", "a", "b", "a*", "*b", "?", "a**", "a?"]
            let source = (0...random.below(3)).map { _ in random.pick(segments) }.joined(separator: "/")
            let name = (0...random.below(4)).map { _ in random.pick(["a", "b", "ab", "aab", "c"]) }.joined(
                separator: "/"
            )
            let expected = matches(
                source.split(separator: "/", omittingEmptySubsequences: false)[...],
                name.split(separator: "/", omittingEmptySubsequences: false)[...]
            )
            hits += expected ? 1 : 0
            #expect(try Glob(source).matches(name) == expected, "\(source) on \(name)")
        }
        #expect(hits > 400)
    }

    @Test func anyTextIsEitherAGlobOrAnError() {
        let alphabet = Array("**{},[]!^-\\/?aé")
        var random = SplitMix64(seed: 4)
        var accepted = 0
        for _ in 0..<3_000 {
            let source = String((0..<random.below(16)).map { _ in random.pick(alphabet) })
            guard let glob = try? Glob(source) else { continue }
            accepted += 1
            _ = glob.matches(source)
        }
        #expect(accepted > 500)
    }

    @Test func filesAreThoseIncludedAndNotExcluded() throws {
        let filter = try FileFilter(include: ["**/*.onnx", "labels.txt"], exclude: ["tmp/**"])
        #expect(filter.selects("a.onnx"))
        #expect(filter.selects("labels.txt"))
        #expect(!filter.selects("tmp/a.onnx"))
        #expect(!filter.selects("readme"))
        let everything = try FileFilter(include: ["**"], exclude: ["*.tmp"])
        #expect(everything.selects("x/y"))
        #expect(!everything.selects("x.tmp"))
        #expect(try FileFilter(include: [], exclude: []).selects("x"))
        #expect(throws: SelectionError.self) { try FileFilter(include: Array(repeating: "a", count: 65), exclude: []) }
    }
}
