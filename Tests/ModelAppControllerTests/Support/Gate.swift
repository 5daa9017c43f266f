/// Lets a few clusters run at a time, so that the limits on waiting mean something on a machine with two cores.
actor Gate {
    static let clusters = Gate(limit: 4)

    private var free: Int
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(limit: Int) { free = limit }

    func enter() async {
        guard free == 0 else { return free -= 1 }
        await withCheckedContinuation { waiters.append($0) }
    }

    func leave() {
        guard !waiters.isEmpty else { return free += 1 }
        waiters.removeFirst().resume()
    }
}
