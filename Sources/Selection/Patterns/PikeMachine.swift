/// Runs a program over a text, all alternatives at once (K. Thompson; R. Pike's variant with submatches): at most
/// `program.code.count` steps for each scalar of the text, whatever the pattern, and no recursion.
///
/// Threads are held in order of preference, which makes the result the leftmost match that a backtracking matcher
/// would find first.
struct PikeMachine {
    private struct Threads {
        var counters: [Int32] = []
        var positions: [Int32] = []

        mutating func removeAll() {
            counters.removeAll(keepingCapacity: true)
            positions.removeAll(keepingCapacity: true)
        }
    }

    private enum Job {
        case visit(Int)
        case restore(slot: Int, position: Int32)
    }

    private let program: Program
    private let startsAtTextStart: Bool
    private var current = Threads()
    private var next = Threads()
    private var jobs: [Job] = []
    /// The slots of the thread that is being followed.
    private var slots: [Int32]
    /// For each instruction the generation in which it was last visited: a set that is emptied by counting up.
    private var visited: [Int]
    private var generation = 0
    private var wantsSlots = false

    /// How many instructions were looked at since the machine was made: the measure of its linearity.
    private(set) var steps = 0

    init(_ program: Program) {
        self.program = program
        startsAtTextStart = program.startsAtTextStart
        slots = Array(repeating: -1, count: program.slots)
        visited = Array(repeating: 0, count: program.code.count)
    }

    /// Whether the text has a match.
    mutating func matches(_ text: String) -> Bool {
        wantsSlots = false
        return run(text) != nil
    }

    /// The slots of the first match in UTF-8 bytes, -1 where a group took no part; nil if there is none.
    mutating func firstMatch(in text: String) -> [Int32]? {
        wantsSlots = true
        return run(text)
    }

    private mutating func run(_ text: String) -> [Int32]? {
        // Positions are held in 32 bits; no name or key that a source sends comes near.
        guard text.utf8.count < Int(Int32.max) else { return nil }
        var text = text
        return text.withUTF8 { bytes in search(bytes) }
    }

    private mutating func search(_ bytes: UnsafeBufferPointer<UInt8>) -> [Int32]? {
        next.removeAll()
        generation += 1
        start(at: 0, in: bytes)
        var found: [Int32]?
        var position = 0
        while true {
            swap(&current, &next)
            next.removeAll()
            if current.counters.isEmpty, found != nil || startsAtTextStart { return found }
            let (scalar, width) = PikeMachine.scalar(at: position, in: bytes)
            generation += 1
            if let match = step(over: scalar, to: position + width, in: bytes) {
                found = match
                if !wantsSlots { return found }
            }
            guard position < bytes.count else { return found }
            position += width
            // A match that starts later is never preferred to one that was found.
            if found == nil, !startsAtTextStart { start(at: position, in: bytes) }
        }
    }

    /// Adds a thread at the start of the program, less preferred than all that are there.
    private mutating func start(at position: Int, in bytes: UnsafeBufferPointer<UInt8>) {
        for slot in slots.indices { slots[slot] = -1 }
        follow(0, at: position, in: bytes)
    }

    /// Moves every thread of `current` over one scalar (`.max` at the end of the text) into `next`. Returns the slots
    /// of a match; the threads after it are less preferred and are dropped.
    private mutating func step(
        over scalar: UInt32,
        to position: Int,
        in bytes: UnsafeBufferPointer<UInt8>
    ) -> [Int32]? {
        for index in current.counters.indices {
            steps += 1
            let counter = Int(current.counters[index])
            switch program.code[counter] {
            case .scalar(let wanted): guard wanted == scalar else { continue }
            case .anyScalar: guard scalar != .max else { continue }
            case .anyButLineFeed: guard scalar != .max, scalar != 10 else { continue }
            case .oneOf(let number):
                guard scalar != .max, program.classes[Int(number)].contains(scalar) else { continue }
            case .match:
                loadSlots(ofThread: index)
                return slots
            case .split, .jump, .save, .assert: continue
            }
            loadSlots(ofThread: index)
            follow(counter + 1, at: position, in: bytes)
        }
        return nil
    }

    private mutating func loadSlots(ofThread index: Int) {
        guard wantsSlots else { return }
        let start = index * slots.count
        for slot in slots.indices { slots[slot] = current.positions[start + slot] }
    }

    /// Adds to `next` the instructions that consume something or match, as reached from `counter` without consuming,
    /// in order of preference; each at most once in a generation.
    private mutating func follow(_ counter: Int, at position: Int, in bytes: UnsafeBufferPointer<UInt8>) {
        jobs.append(.visit(counter))
        while let job = jobs.popLast() {
            guard case .visit(let counter) = job else {
                if case .restore(let slot, let position) = job { slots[slot] = position }
                continue
            }
            guard visited[counter] != generation else { continue }
            visited[counter] = generation
            steps += 1
            switch program.code[counter] {
            case .jump(let offset):
                jobs.append(.visit(counter + Int(offset)))
            case .split(let first, let second):
                jobs.append(.visit(counter + Int(second)))
                jobs.append(.visit(counter + Int(first)))
            case .save(let slot):
                if wantsSlots {
                    jobs.append(.restore(slot: Int(slot), position: slots[Int(slot)]))
                    slots[Int(slot)] = Int32(position)
                }
                jobs.append(.visit(counter + 1))
            case .assert(let assertion):
                if PikeMachine.holds(assertion, at: position, in: bytes) { jobs.append(.visit(counter + 1)) }
            case .scalar, .anyScalar, .anyButLineFeed, .oneOf, .match:
                next.counters.append(Int32(counter))
                if wantsSlots { next.positions += slots }
            }
        }
    }

    private static func holds(_ assertion: Assertion, at position: Int, in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        switch assertion {
        case .textStart: return position == 0
        case .textEnd: return position == bytes.count
        case .lineStart: return position == 0 || bytes[position - 1] == 10
        case .lineEnd: return position == bytes.count || bytes[position] == 10
        case .wordBoundary, .notWordBoundary:
            let before = position > 0 && isWord(bytes[position - 1])
            let after = position < bytes.count && isWord(bytes[position])
            return (before != after) == (assertion == .wordBoundary)
        }
    }

    /// Word characters are ASCII only, as in RE2; no byte of a longer scalar is one.
    private static func isWord(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
    }

    /// The scalar at a boundary of well-formed UTF-8 and its width; `.max` and 0 at the end.
    private static func scalar(at position: Int, in bytes: UnsafeBufferPointer<UInt8>) -> (UInt32, Int) {
        guard position < bytes.count else { return (.max, 0) }
        let first = UInt32(bytes[position])
        let width = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
        if width == 1 { return (first, 1) }
        var value = first & (0xff >> UInt32(width + 1))
        for index in position + 1..<min(position + width, bytes.count) {
            value = value << 6 | UInt32(bytes[index] & 0x3f)
        }
        return (value, width)
    }
}
