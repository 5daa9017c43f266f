import HTTPTransport
import Synchronization
import Testing
import TestSupport

@testable import KubernetesRuntime

@Suite("Work queue: tasks", .timeLimit(.minutes(1)))
struct WorkQueueTests {
    private let clock = TestClock()
    private let metrics = TestMetrics()

    private func makeQueue(_ retry: RetryPolicy = RetryPolicy(jitter: 0)) -> WorkQueue<String> {
        WorkQueue(name: "q", retry: retry, time: clock.timeSource(), random: { 0 }, metrics: metrics)
    }

    @Test("a waiting worker gets a key as soon as it is added") func waitingWorkerGetsKey() async {
        let queue = makeQueue()
        async let key = queue.next()
        queue.add("a")
        #expect(await key == "a")
    }

    @Test("a cancelled worker gets nil, and keys stay for the others") func cancelledWorkerGetsNil() async {
        let queue = makeQueue()
        await withTaskGroup(of: String?.self) { group in
            group.addTask { await queue.next() }
            group.cancelAll()
            #expect(await group.next() == .some(nil))
        }
        queue.add("a")
        #expect(await queue.next() == "a")
    }

    @Test("Q7 a delayed key becomes due when its time has come, not before") func delayedKeyBecomesDue() async throws {
        let queue = makeQueue()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await queue.run() }
            queue.add("a", after: .seconds(5))
            await clock.waitForSleepers()
            clock.advance(by: .milliseconds(4999))
            #expect(queue.depth == 0)
            clock.advance(by: .milliseconds(1))
            #expect(await queue.next() == "a")
            queue.shutDown()
            try await group.waitForAll()
        }
    }

    @Test("Q7 an earlier key wakes the sleeper, which otherwise looks every ten seconds") func heartbeat() async throws
    {
        let queue = makeQueue()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await queue.run() }
            await clock.waitForSleepers()
            #expect(clock.nextDeadline == clock.now + .seconds(10))
            queue.add("a", after: .seconds(3))
            #expect(await eventually { clock.nextDeadline == clock.now + .seconds(3) })
            queue.shutDown()
            try await group.waitForAll()
        }
    }

    @Test("Q9 a rate limited key waits, at least as long as the failure asked for") func rateLimitedKeyWaits()
        async throws
    {
        let queue = makeQueue()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await queue.run() }
            queue.addRateLimited("a")
            #expect(queue.failures(of: "a") == 1)
            #expect(await eventually { clock.nextDeadline == clock.now + .seconds(1) })
            clock.advance(by: .seconds(1))
            #expect(await queue.next() == "a")
            queue.addRateLimited("b", atLeast: .seconds(8))
            #expect(await eventually { clock.nextDeadline == clock.now + .seconds(8) })
            queue.forget("a")
            #expect(queue.failures(of: "a") == 0)
            queue.shutDown()
            try await group.waitForAll()
        }
    }

    @Test("Q5 drain returns when the last run is done") func drainWaits() async {
        let queue = makeQueue()
        queue.add("a")
        #expect(await queue.next() == "a")
        let isDrained = Shared(false)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await queue.drain()
                isDrained.withValue { $0 = true }
            }
            #expect(await eventually { queue.isShutDown })
            #expect(!isDrained.value)
            queue.done("a")
        }
        #expect(isDrained.value)
    }

    @Test("a delay beyond all time does not overflow") func hugeDelay() {
        let queue = makeQueue()
        queue.add("a", after: .seconds(Int64.max))
        #expect(queue.depth == 0)
    }

    @Test("Q13 all figures exist from the start and follow the queue") func figures() async {
        let queue = makeQueue()
        #expect(
            metrics.names == [
                "workqueue_depth,name=q", "workqueue_adds_total,name=q", "workqueue_retries_total,name=q",
                "workqueue_queue_duration_seconds,name=q", "workqueue_work_duration_seconds,name=q",
                "workqueue_unfinished_work_seconds,name=q", "workqueue_longest_running_processor_seconds,name=q",
            ]
        )
        queue.add("a")
        queue.add("a")
        queue.add("b")
        #expect(metrics["workqueue_depth,name=q"]?.sum == 2)
        #expect(metrics["workqueue_adds_total,name=q"]?.sum == 2)
        clock.advance(by: .seconds(2))
        _ = await queue.next()
        #expect(metrics["workqueue_depth,name=q"]?.sum == 1)
        #expect(metrics["workqueue_queue_duration_seconds,name=q"]?.samples == [2])
        clock.advance(by: .seconds(3))
        queue.done("a")
        #expect(metrics["workqueue_work_duration_seconds,name=q"]?.samples == [3])
        queue.addRateLimited("c")
        #expect(metrics["workqueue_retries_total,name=q"]?.sum == 1)
    }

    @Test("many workers and many adders: every key runs, none twice at once") func stress() async {
        let queue = makeQueue()
        let account = Shared((running: Set<String>(), ran: Set<String>(), collisions: 0))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    while let key = await queue.next() {
                        account.withValue { if !$0.running.insert(key).inserted { $0.collisions += 1 } }
                        await Task.yield()
                        account.withValue {
                            $0.running.remove(key)
                            $0.ran.insert(key)
                        }
                        queue.done(key)
                    }
                }
            }
            await withTaskGroup(of: Void.self) { adders in
                for adder in 0..<4 {
                    adders.addTask {
                        for index in 0..<500 {
                            queue.add("key-\((index * 7 + adder) % 50)")
                            if index % 16 == 0 { await Task.yield() }
                        }
                    }
                }
            }
            queue.shutDown()
        }
        #expect(account.value.collisions == 0)
        #expect(account.value.ran.count == 50)
    }
}
