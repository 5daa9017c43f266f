/// One run of `SelectionRules.select`: holds the machines of the patterns, which are costly to make for each of many
/// thousand names.
struct Selector {
    /// A candidate with its place in the order.
    private struct Entry {
        var candidate: Candidate
        var value: String
        var rank: SelectionRank

        /// Positive if `self` goes first. Never 0 for different names, so that the result does not depend on the order
        /// of the listing.
        func order(over other: Entry) -> Int {
            let order = rank.order(over: other.rank)
            if order != 0 { return order }
            let mine = candidate.time ?? .min
            let theirs = other.candidate.time ?? .min
            if mine != theirs { return mine < theirs ? -1 : 1 }
            let length = candidate.name.utf8.count - other.candidate.name.utf8.count
            if length != 0 { return length }
            if candidate.name == other.candidate.name { return 0 }
            return candidate.name.utf8.lexicographicallyPrecedes(other.candidate.name.utf8) ? -1 : 1
        }
    }

    /// Below what nothing counts.
    private enum Floor {
        case none
        case entry(Entry)
        /// Something runs, but where it stands cannot be told.
        case unknown
    }

    private let rules: SelectionRules
    private let running: RunningVersion?
    private let obstacles: [String: Rejection]
    private let now: UnixMilliseconds
    private var exclude: [PikeMachine]
    private var match: PikeMachine?

    init(rules: SelectionRules, running: RunningVersion?, obstacles: [String: Rejection], now: UnixMilliseconds) {
        self.rules = rules
        self.running = running
        self.obstacles = obstacles
        self.now = now
        exclude = rules.exclude.map { PikeMachine($0.program) }
        match = rules.filter.map { PikeMachine($0.match.program) }
    }

    /// Each name once, with the newer time and the earlier sighting.
    static func withoutDuplicates(_ candidates: some Sequence<Candidate>) -> [Candidate] {
        var places: [String: Int] = [:]
        var unique: [Candidate] = []
        for candidate in candidates {
            guard let place = places[candidate.name] else {
                places[candidate.name] = unique.count
                unique.append(candidate)
                continue
            }
            if let time = candidate.time { unique[place].time = max(unique[place].time ?? time, time) }
            unique[place].built = unique[place].built ?? candidate.built
            if let seen = candidate.firstSeen { unique[place].firstSeen = min(unique[place].firstSeen ?? seen, seen) }
        }
        return unique
    }

    mutating func select(from candidates: [Candidate]) -> SelectionOutcome {
        if let pin = rules.pin { return select(pinned: pin, from: candidates) }
        let (floor, status) = floor(among: candidates)
        var entries: [Entry] = []
        var rejected: [SelectionOutcome.Rejected] = []
        for candidate in candidates {
            switch entry(for: candidate) {
            case .counts(let entry):
                if let reason = circumstance(of: candidate) ?? order(of: entry, against: floor) {
                    rejected.append(.init(name: candidate.name, reason: reason))
                } else {
                    entries.append(entry)
                }
            case .rejected(let reason): rejected.append(.init(name: candidate.name, reason: reason))
            }
        }
        return outcome(entries, rejected, running: status)
    }

    // MARK: One candidate

    /// What the spec says of a candidate, on its own.
    private mutating func entry(for candidate: Candidate) -> Verdict<Entry> {
        for index in exclude.indices where exclude[index].matches(candidate.name) {
            return .rejected(.excludedByPattern(rules.exclude[index].source))
        }
        let value: String
        switch extract(from: candidate.name) {
        case .counts(let extracted): value = extracted
        case .rejected(let reason): return .rejected(reason)
        }
        switch rules.policy.rank(name: candidate.name, value: value, time: candidate.time ?? candidate.built) {
        case .rejected(let reason): return .rejected(reason)
        case .counts where isListed(candidate, value: value, in: rules.skip): return .rejected(.skipped)
        case .counts(let rank): return .counts(Entry(candidate: candidate, value: value, rank: rank))
        }
    }

    /// The value of a name by the filter.
    private mutating func extract(from name: String) -> Verdict<String> {
        // What a policy compares is the name without the slash of a folder; a filter sees the name as it is listed.
        let label = Candidate(name: name).label
        guard let filter = rules.filter else { return .counts(label) }
        guard let template = filter.extract else {
            return match?.matches(name) == true ? .counts(label) : .rejected(.doesNotMatchFilter(filter.match.source))
        }
        guard let slots = match?.firstMatch(in: name) else {
            return .rejected(.doesNotMatchFilter(filter.match.source))
        }
        let found = Pattern.Match(text: name, slots: slots, groupNames: filter.match.groupNames)
        let value = template.expand(found)
        return value.isEmpty ? .rejected(.extractsNothing(template.source)) : .counts(value)
    }

    /// What the state of the world says of a candidate.
    private func circumstance(of candidate: Candidate) -> Rejection? {
        if let obstacle = obstacles[candidate.name] { return obstacle }
        guard rules.minimumAge > 0, candidate.name != running?.name else { return nil }
        let until = (candidate.time ?? candidate.firstSeen ?? now).adding(rules.minimumAge)
        return now < until ? .tooYoung(until: until) : nil
    }

    private func isListed(_ candidate: Candidate, value: String, in names: Set<String>) -> Bool {
        !names.isEmpty
            && (names.contains(candidate.name) || names.contains(candidate.label) || names.contains(value))
    }

    // MARK: The running version

    private mutating func floor(among candidates: [Candidate]) -> (Floor, SelectionOutcome.Running) {
        guard let running else { return (.none, .none) }
        let listed = candidates.first { $0.name == running.name }
        var candidate = listed ?? Candidate(name: running.name, time: running.time)
        candidate.time = candidate.time ?? running.time
        candidate.built = candidate.built ?? running.built
        let floor: Floor
        switch entry(for: candidate) {
        case .counts(let entry): floor = .entry(entry)
        case .rejected(let reason) where reason.isBySpec: return (.none, .rejectedBySpec(reason))
        case .rejected: floor = .unknown
        }
        if listed != nil { return (floor, .listed) }
        guard rules.onMissing == .downgrade else { return (floor, .missingKept) }
        let remaining = SelectionRules.confirmationsBeforeDowngrade - max(0, running.missingScans)
        return remaining <= 0 ? (.none, .missingDowngrade) : (floor, .missingUnconfirmed(remaining: remaining))
    }

    private func order(of entry: Entry, against floor: Floor) -> Rejection? {
        guard let running, entry.candidate.name != running.name else { return nil }
        switch floor {
        case .none: return nil
        case .entry(let current): return entry.order(over: current) < 0 ? .olderThanRunning(running.name) : nil
        case .unknown: return .orderUnknown(running: running.name)
        }
    }

    // MARK: Results

    private mutating func select(pinned pin: String, from candidates: [Candidate]) -> SelectionOutcome {
        // A name beats a value, so that one of two tags with the same extracted value can be held.
        let isNamed = candidates.contains { $0.name == pin || $0.label == pin }
        var entries: [Entry] = []
        var rejected: [SelectionOutcome.Rejected] = []
        for candidate in candidates {
            let value: String
            switch extract(from: candidate.name) {
            case .counts(let extracted): value = extracted
            case .rejected: value = candidate.name
            }
            let isPinned = isNamed ? candidate.name == pin || candidate.label == pin : value == pin
            guard isPinned else {
                rejected.append(.init(name: candidate.name, reason: .pinnedElsewhere(pin)))
                continue
            }
            switch obstacles[candidate.name] {
            case nil, .quarantined: entries.append(Entry(candidate: candidate, value: value, rank: .only))
            case .some(let reason): rejected.append(.init(name: candidate.name, reason: reason))
            }
        }
        return outcome(entries, rejected, running: running == nil ? .none : .pinned)
    }

    private func outcome(
        _ entries: [Entry],
        _ rejected: [SelectionOutcome.Rejected],
        running: SelectionOutcome.Running
    ) -> SelectionOutcome {
        let sorted = entries.sorted { $0.order(over: $1) > 0 }
        var ties: [SelectionOutcome.Tie] = []
        var start = 0
        for index in sorted.indices {
            let next = index + 1
            if next < sorted.count, sorted[next].rank.order(over: sorted[start].rank) == 0 { continue }
            if next - start > 1 { ties.append(.init(names: sorted[start..<next].map(\.candidate.name))) }
            start = next
        }
        return SelectionOutcome(
            ranked: sorted.map { SelectionOutcome.Ranked(candidate: $0.candidate, value: $0.value) },
            rejected: rejected,
            ties: ties,
            running: running,
            lookAgainAt: rejected.compactMap(\.reason.endsAt).min()
        )
    }
}
