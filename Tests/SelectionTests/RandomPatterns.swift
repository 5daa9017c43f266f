/// Patterns and texts at random, from the grammar that `Pattern` supports.
struct RandomPatterns {
    private var random: SplitMix64
    private var names = 0
    /// RE2 searches by bytes, so that `\B` can hold inside of a character: only ASCII texts are tried with it.
    private var isASCII = true

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func next() -> (pattern: String, texts: [String]) {
        isASCII = random.below(2) == 0
        names = 0
        let pattern =
            (random.below(8) == 0 ? random.pick(["(?i)", "(?m)", "(?s)", "(?U)", "(?im)"]) : "") + alternatives(3)
        let alphabet = Array(isASCII ? "aaabB1.-v_\n " : "aab1.éÉßſK-K\n")
        let texts = (0..<4).map { _ in String((0..<random.below(14)).map { _ in random.pick(alphabet) }) }
        return (pattern, texts)
    }

    /// Inserts, drops or replaces a few characters.
    mutating func damage(_ pattern: String) -> String {
        var characters = Array(pattern)
        let alphabet = Array("()[]{}*+?|\\^$-:<>P=!,12xi")
        for _ in 0...random.below(3) {
            let place = random.below(characters.count + 1)
            switch random.below(3) {
            case 0: characters.insert(random.pick(alphabet), at: place)
            case 1 where place < characters.count: characters.remove(at: place)
            default: if place < characters.count { characters[place] = random.pick(alphabet) }
            }
        }
        return String(characters)
    }

    /// Whether a pattern has what `Pattern` refuses on purpose although RE2 takes it.
    static func isKnownDeparture(_ pattern: String) -> Bool {
        let names = pattern.split(separator: "<").dropFirst().map { $0.prefix { $0 != ">" } }
        return pattern.contains(#"\C"#) || Set(names).count < names.count
            || names.contains { !$0.allSatisfy(\.isASCII) }
            || pattern.contains(#"\B"#)
    }

    private mutating func alternatives(_ depth: Int) -> String {
        let count = random.below(4) == 0 ? 1 + random.below(3) : 1
        return (0..<count).map { _ in sequence(depth) }.joined(separator: "|")
    }

    private mutating func sequence(_ depth: Int) -> String {
        (0..<random.below(4)).map { _ in repeated(depth) }.joined()
    }

    private mutating func repeated(_ depth: Int) -> String {
        let atom = atom(depth)
        guard random.below(2) == 0 else { return atom }
        let count = random.below(3)
        let operators = ["*", "+", "?", "{\(count)}", "{\(count),}", "{\(count),\(count + random.below(3))}"]
        return atom + random.pick(operators) + (random.below(4) == 0 ? "?" : "")
    }

    private mutating func atom(_ depth: Int) -> String {
        if depth > 0, random.below(3) == 0 {
            names += 1
            let openings = ["(", "(?:", "(?P<g\(names)>", "(?<g\(names)>", "(?i:", "(?s-i:", "(?U:"]
            return random.pick(openings) + alternatives(depth - 1) + ")"
        }
        switch random.below(10) {
        case 0: return "."
        case 1: return random.pick([#"\d"#, #"\w"#, #"\s"#, #"\D"#, #"\W"#, #"\S"#, #"\pL"#, #"\p{Lu}"#, #"\P{Ll}"#])
        case 2: return random.pick(["^", "$", #"\b"#, #"\A"#, #"\z"#, isASCII ? #"\B"# : #"\b"#])
        case 3: return bracketClass()
        case 4: return random.pick([#"\."#, #"\-"#, #"\x61"#, #"\141"#, #"\Qa.\E"#, #"\n"#, "{", "}", "]"])
        default: return random.pick(isASCII ? ["a", "a", "b", "1", "v", "_"] : ["a", "é", "ß", "s", "k", "1"])
        }
    }

    private mutating func bracketClass() -> String {
        let items = [
            "a", "b", "a-c", "A-Z", "1", "0-9", #"\d"#, #"\W"#, "[:alpha:]", "[:^upper:]", #"\pN"#, #"\P{Lu}"#, "_",
            ".", #"\]"#,
            "é", "k", "s",
        ]
        let body = (0...random.below(3)).map { _ in random.pick(items) }.joined()
        return "[" + (random.below(4) == 0 ? "^" : "") + body + (random.below(5) == 0 ? "-" : "") + "]"
    }
}
