import SeededRandom
import TestSupport
import Testing
@testable import ModelAppController

/// The bucket of tokens of each host, and the slots of all.
@Suite struct ScanBudgetTests {
    private typealias Instant = ContinuousClock.Instant
    private let start = ContinuousClock.now

    private func turn(_ answer: ScanBudget.Answer) -> ContinuousClock.Instant? {
        if case .wait(let until, let turn, .requests) = answer, turn == until { until } else { nil }
    }

    @Test func aHostGetsItsBurstAtOnceAndThenItsRateInTheOrderOfTheAskers() {
        var budget = ScanBudget(limits: ScanLimits(requestsPerSecond: 2, burst: 3, slots: 100))
        for _ in 0..<3 { #expect(budget.enter("a", turn: nil, now: start) == .begin) }
        let turns = (0..<4).map { _ in turn(budget.enter("a", turn: nil, now: start)) }
        #expect(turns == [500, 1000, 1500, 2000].map { start + .milliseconds($0) })
        #expect(budget.enter("b", turn: nil, now: start) == .begin, "another host")
    }

    @Test func whoComesBackAtItsTurnBeginsHoweverManyAskedSince() {
        var budget = ScanBudget(limits: ScanLimits(requestsPerSecond: 1, burst: 1, slots: 1000))
        #expect(budget.enter("a", turn: nil, now: start) == .begin)
        let mine = turn(budget.enter("a", turn: nil, now: start))
        for _ in 0..<100 { _ = budget.enter("a", turn: nil, now: start) }
        #expect(mine == start + .seconds(1))
        #expect(turn(budget.enter("a", turn: mine, now: start + .milliseconds(900))) == mine, "not before")
        #expect(budget.enter("a", turn: mine, now: start + .seconds(1)) == .begin)
    }

    @Test func aLongListPutsItsHostInDebtAndWhatFollowsWaitsUntilThatIsPaid() {
        var budget = ScanBudget(limits: ScanLimits(requestsPerSecond: 10, burst: 10, slots: 4))
        #expect(budget.enter("a", turn: nil, now: start) == .begin)
        for _ in 0..<50 { budget.charge("a", now: start) }
        budget.leave("a", now: start)
        // 50 requests, 10 tokens, and one for the next scan.
        let wait = turn(budget.enter("a", turn: nil, now: start)).map { ($0 - start) / .seconds(1) } ?? 0
        #expect(abs(wait - 4.1) < 1e-9)
    }

    @Test func whatWasPaidAndNotSentIsGivenBack() {
        var budget = ScanBudget(limits: ScanLimits(requestsPerSecond: 1, burst: 1, slots: 4))
        for _ in 0..<10 {
            #expect(budget.enter("a", turn: nil, now: start) == .begin)
            budget.leave("a", now: start)
        }
        #expect(budget.inFlight == 0)
    }

    @Test func slotsAreOfAllHostsAndATurnIsKeptWhileThereIsNone() {
        var budget = ScanBudget(limits: ScanLimits(requestsPerSecond: 1, burst: 1, slots: 2))
        #expect(budget.enter("a", turn: nil, now: start) == .begin)
        let mine = turn(budget.enter("a", turn: nil, now: start))
        #expect(budget.enter("b", turn: nil, now: start) == .begin)
        let late = start + .seconds(5)
        let pause = ScanBudget.slotPause
        #expect(budget.enter("a", turn: mine, now: late) == .wait(until: late + pause, turn: mine, .slots))
        #expect(budget.enter("c", turn: nil, now: late) == .wait(until: late + pause, turn: nil, .slots))
        budget.leave("b", now: late)
        #expect(budget.enter("a", turn: mine, now: late) == .begin)
    }

    @Test(arguments: [1, 4]) func inAnyOrderOfEventsWhatIsSentIsPaidForAndNobodyIsForgotten(pages: Int) {
        for seed in 0..<200 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let limits = ScanLimits(
                requestsPerSecond: Int.random(in: 1...20, using: &random),
                burst: Int.random(in: 1...10, using: &random),
                slots: Int.random(in: 1...4, using: &random)
            )
            var budget = ScanBudget(limits: limits)
            var now = start
            func income() -> Double {
                Double(limits.burst) + (now - start) / .seconds(1) * Double(limits.requestsPerSecond)
            }
            var waiting: [(turn: Instant?, until: Instant)] = []
            var (inFlight, sent, asked, begun, steps) = (0, 0, 0, 0, 0)
            while asked < 100 || !waiting.isEmpty || inFlight > 0 {
                steps += 1
                guard steps < 100_000 else {
                    Issue.record("seed \(seed): \(waiting.count) wait for ever")
                    return
                }
                now += .milliseconds(Int.random(in: 0...100, using: &random))
                if inFlight > 0, Bool.random(using: &random) {
                    inFlight -= 1
                    budget.leave("a", now: now)
                    continue
                }
                let due = waiting.firstIndex { $0.until <= now }
                guard due != nil || asked < 100 else { continue }
                if due == nil { asked += 1 }
                switch budget.enter("a", turn: due.flatMap { waiting.remove(at: $0).turn }, now: now) {
                case .begin:
                    begun += 1
                    inFlight += 1
                    for _ in 0..<Int.random(in: 1...pages, using: &random) {
                        sent += 1
                        budget.charge("a", now: now)
                    }
                case .wait(let until, let turn, _): waiting.append((turn, until))
                }
                #expect(inFlight <= limits.slots && budget.inFlight == inFlight)
                if pages == 1 { #expect(Double(sent) <= income() + 1e-6, "seed \(seed)") }
            }
            #expect(begun == 100, "seed \(seed)")
            // Whatever was sent on credit is paid before the next begins.
            let debt = Double(sent) + 1 - income()
            if debt > 1e-6 {
                let next = turn(budget.enter("a", turn: nil, now: now)) ?? now
                #expect((next - now) / .seconds(1) * Double(limits.requestsPerSecond) >= debt - 1e-6, "seed \(seed)")
            }
        }
    }

    @Test func hostsAtRestAreForgottenAndThoseInDebtAreNot() {
        var budget = ScanBudget(limits: ScanLimits(requestsPerSecond: 1, burst: 1, slots: 10_000))
        for _ in 0..<100 { budget.charge("debtor", now: start) }
        for number in 0..<5000 {
            let now = start + .milliseconds(number)
            #expect(budget.enter("host-\(number)", turn: nil, now: now) == .begin)
            budget.charge("host-\(number)", now: now)
            budget.leave("host-\(number)", now: now)
        }
        #expect(turn(budget.enter("debtor", turn: nil, now: start + .seconds(5))) != nil)
    }
}
