import Artifacts
import JSON
import KubernetesAPI
import Testing
import TestSupport

@testable import KubernetesRuntime

func event(
    _ reason: String = "Applied",
    _ note: String = "note",
    action: String = "Apply",
    name: String = "app",
    namespace: String = "n",
    type: EventType = .normal
) -> Event {
    var event = Event()
    event.type = type.rawValue
    event.reason = reason
    event.action = action
    event.note = note
    event.reportingController = "example.dev/operator"
    event.reportingInstance = "pod-1"
    event.regarding = ObjectReference(ConfigMap.resource, ObjectKey(namespace: namespace, name: name), uid: "u-\(name)")
    return event
}

@Suite("Events: rules", .timeLimit(.minutes(1)))
struct EventSeriesTests {
    private let now = ContinuousClock().now
    private let date = Timestamp(microseconds: 1_800_000_000_000_000)

    private func created(_ outcome: EventSeries.Outcome) -> Event? {
        if case .write(.create(let event)) = outcome { event } else { nil }
    }

    private func patched(_ outcome: EventSeries.Outcome) -> Event? {
        if case .write(.patch(let event)) = outcome { event } else { nil }
    }

    @Test("E1 an event is named after its object and the time in hex nanoseconds, in the object's namespace")
    func names() {
        var series = EventSeries()
        let first = created(series.observe(event(), now, date: date))
        #expect(
            first?.key
                == ObjectKey(namespace: "n", name: "app." + String(1_800_000_000_000_000_000 as UInt64, radix: 16))
        )
        #expect(first?.eventTime == "2027-01-15T08:00:00.000000Z")
        let path = first.map { Event.resource.path($0.key) } ?? ""
        #expect(path.hasPrefix("/apis/events.k8s.io/v1/namespaces/n/events/app."))
        let cluster = created(series.observe(event(namespace: ""), now, date: date))
        #expect(cluster?.metadata.namespace == "default")
    }

    @Test("E1 names never repeat within a microsecond, and stay valid for the longest object name") func uniqueNames() {
        var series = EventSeries()
        let names = (0..<20).compactMap { created(series.observe(event("R\($0)"), now, date: date))?.metadata.name }
        #expect(Set(names).count == 20)
        let long = String(repeating: "a", count: 235) + ".-" + String(repeating: "b", count: 16)
        let name = created(series.observe(event("Long", name: long), now, date: date))?.metadata.name ?? ""
        #expect(name.utf8.count <= 253)
        #expect(name.hasPrefix(String(repeating: "a", count: 235) + "."))
        #expect(!name.contains("-.") && !name.contains(".."))
    }

    @Test("E2 what tells events apart is type, reason, action, object and related object, not the note") func keys() {
        var series = EventSeries()
        var related = event()
        related.related = ObjectReference(Secret.resource, ObjectKey(namespace: "n", name: "s"))
        let different = [
            event(), event("Other"), event(action: "Delete"), event(name: "b"), event(type: .warning), related,
        ]
        for event in different { #expect(created(series.observe(event, now, date: date)) != nil) }
        #expect(patched(series.observe(event("Applied", "another note"), now, date: date)) != nil)
    }

    @Test("E3 the first is created, the second makes a series of two, later ones are only counted") func series() {
        var series = EventSeries()
        let first = created(series.observe(event(), now, date: date))
        #expect(first?.series == nil)
        let second = patched(series.observe(event(), now, date: date + .seconds(5)))
        #expect(second?.metadata.name == first?.metadata.name)
        #expect(second?.series?.count == 2)
        #expect(second?.series?.lastObservedTime == (date + .seconds(5)).rfc3339Micro)
        #expect(series.observe(event(), now, date: date) == .counted)
        #expect(series.observe(event(), now, date: date) == .counted)
    }

    @Test("E4 running series are written again with their count; single events are not") func refresh() {
        var series = EventSeries()
        _ = series.observe(event("Single"), now, date: date)
        for _ in 0..<5 { _ = series.observe(event(), now, date: date) }
        let writes = series.refresh()
        #expect(writes.map(\.event.series?.count) == [5])
        #expect(series.refresh().count == 1)
    }

    @Test("E4 after six idle minutes a series is written a last time and forgotten") func finish() {
        var series = EventSeries()
        _ = series.observe(event("Single"), now, date: date)
        for _ in 0..<5 { _ = series.observe(event(), now, date: date) }
        #expect(series.finish(now + .seconds(360)).isEmpty)
        #expect(series.count == 2)
        #expect(series.finish(now + .seconds(361)).map(\.event.series?.count) == [5])
        #expect(series.count == 0)
        #expect(created(series.observe(event(), now + .seconds(361), date: date)) != nil)
    }

    @Test("E4 a series whose count was written is forgotten without another request") func finishUnchanged() {
        var series = EventSeries()
        for _ in 0..<2 { _ = series.observe(event(), now, date: date) }
        #expect(series.finish(now + .seconds(361)).isEmpty)
        #expect(series.count == 0)
    }

    @Test("E8 about one object 25 requests go at once, then one in five minutes; other objects have their own")
    func spam() {
        var series = EventSeries()
        var sent = 0
        for index in 0..<40 where created(series.observe(event("R\(index)"), now, date: date)) != nil { sent += 1 }
        #expect(sent == 25)
        #expect(series.observe(event("More"), now + .seconds(299), date: date) == .dropped)
        #expect(created(series.observe(event("More"), now + .seconds(300), date: date)) != nil)
        #expect(created(series.observe(event(name: "b"), now, date: date)) != nil)
        #expect(created(series.observe(event(type: .warning), now, date: date)) != nil)
    }

    @Test("E8 repetitions that are only counted use up nothing") func countingIsFree() {
        var series = EventSeries()
        for _ in 0..<500 { _ = series.observe(event(), now, date: date) }
        #expect(created(series.observe(event("Other"), now, date: date)) != nil)
        #expect(series.refresh().first?.event.series?.count == 500)
    }

    @Test("E8 more than ten different notes for one reason are combined, until ten minutes of rest") func combined() {
        var series = EventSeries()
        for index in 0..<10 { _ = series.observe(event("Failed", "note \(index)"), now, date: date) }
        let combined = created(series.observe(event("Failed", "note 10"), now, date: date))
        #expect(combined?.note == "(combined from similar events): note 10")
        #expect(patched(series.observe(event("Failed", "note 11"), now, date: date))?.series?.count == 2)
        // One of the ten known notes stays with its own series.
        #expect(series.observe(event("Failed", "note 3"), now, date: date) == .counted)
        #expect(created(series.observe(event("Other", "note 12"), now, date: date))?.note == "note 12")
        let later = now + .seconds(601)
        _ = series.finish(later)
        #expect(created(series.observe(event("Failed", "note 13"), later, date: date))?.note == "note 13")
    }

    @Test("E9 only a condition that says something else than before is news") func conditionChanges() {
        var old = Condition("Ready", true, reason: "Applied", message: "all well")
        old.observedGeneration = 1
        var sameButNewer = old
        sameButNewer.observedGeneration = 2
        sameButNewer.message = "all very well"
        #expect([sameButNewer].changes(since: [old]).isEmpty)
        let failed = Condition("Ready", false, reason: "NotFound", message: "")
        let other = Condition("Stalled", true, reason: "Invalid", message: "")
        #expect([failed, other].changes(since: [old]) == [failed, other])
        #expect([Condition("Ready", true, reason: "Again", message: "")].changes(since: [old]).count == 1)
    }

    @Test("a million different objects do not use more than a bounded memory") func boundedMemory() {
        var series = EventSeries()
        for index in 0..<20_000 { _ = series.observe(event(name: "o\(index)"), now, date: date) }
        #expect(series.count <= 4096)
        // What was seen last is still known.
        #expect(patched(series.observe(event(name: "o19999"), now, date: date)) != nil)
    }

    @Test("an event survives its way through JSON, and absent parts stay absent") func json() throws {
        var full = event()
        full.metadata = ObjectMeta(ObjectKey(namespace: "n", name: "app.1"))
        full.eventTime = date.rfc3339Micro
        #expect(full.document["series"] == nil)
        #expect(full.document["related"] == nil)
        #expect(full.document["apiVersion"] == "events.k8s.io/v1")
        full.series = Event.Series()
        full.series?.count = 3
        full.related = ObjectReference(Secret.resource, ObjectKey(namespace: "n", name: "s"))
        #expect(try Event(json: full.document) == full)
    }

    @Test("clipping keeps whole characters") func clipping() {
        #expect("abc".clipped(toBytes: 3) == "abc")
        #expect("äöü".clipped(toBytes: 3) == "ä")
        #expect("👩‍👩‍👧".clipped(toBytes: 10) == "")
    }
}
