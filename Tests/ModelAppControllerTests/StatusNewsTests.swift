import KubernetesAPI
import KubernetesRuntime
import ModelAppAPI
import Testing

@testable import ModelAppController

/// E9: events come from changes of conditions and of the history.
@Suite struct StatusNewsTests {
    private func status(_ conditions: [Condition], history: [HistoryEntry] = []) -> ModelAppStatus {
        var status = ModelAppStatus()
        status.conditions = conditions
        status.history = history
        return status
    }

    private func entry(_ id: String, at: String = "t", _ result: String, cause: String = "NewCode") -> HistoryEntry {
        var entry = HistoryEntry()
        (entry.id, entry.at, entry.result, entry.cause) = (id, at, result, cause)
        (entry.code, entry.model, entry.tookSeconds) = ("2", "1.0.0", result == "Converged" ? 7 : nil)
        return entry
    }

    private func news(_ old: ModelAppStatus, _ new: ModelAppStatus) -> [String] {
        StatusNews(from: old, to: new).items.map { "\($0.type.rawValue) \($0.reason)" }
    }

    private let converged = Condition("Ready", true, reason: "Converged", message: "")
    private let progressing = Condition("Ready", true, reason: "Progressing", message: "")

    @Test func anotherMessageOrTimeIsNoNews() {
        let old = status([converged], history: [entry("a", "Converged")])
        var new = old
        new.conditions[0].message = "3/3 pods"
        new.conditions[0].observedGeneration = 9
        #expect(news(old, new).isEmpty && news(old, old).isEmpty)
    }

    @Test func aReleaseIsToldByTheHistoryAndCountedByItsCause() {
        let before = status([converged], history: [entry("a", "Converged")])
        let rolling = status([progressing], history: [entry("b", "Progressing"), entry("a", "Converged")])
        let after = status([converged], history: [entry("b", "Converged"), entry("a", "Converged")])
        let begun = StatusNews(from: before, to: rolling)
        #expect(begun.items.map(\.reason) == ["ReleaseStarted"])
        #expect(begun.started == "NewCode" && begun.converged == nil)
        #expect(begun.items[0].note == "code 2 + model 1.0.0 (release b): NewCode")
        let done = StatusNews(from: rolling, to: after)
        #expect(done.items.map(\.reason) == ["ReleaseConverged"])
        #expect(done.started == nil && done.converged == "NewCode")
        #expect(done.items[0].note == "code 2 + model 1.0.0 (release b) after 7 s")
        // One look may find both.
        #expect(StatusNews(from: before, to: after).items.map(\.reason) == ["ReleaseStarted", "ReleaseConverged"])
    }

    @Test func anOlderReleaseThatIsAppliedAgainIsTold() {
        let before = status([converged], history: [entry("b", "Converged"), entry("a", "Converged")])
        let again = status([progressing], history: [entry("a", at: "later", "Progressing"), entry("b", "Converged")])
        #expect(news(before, again) == ["Normal ReleaseStarted"])
    }

    @Test func aHistoryThatLosesItsOldestEntryTellsNothing() {
        let old = status([converged], history: [entry("b", "Converged"), entry("a", "Converged")])
        let new = status([converged], history: [entry("b", "Converged")])
        #expect(news(old, new).isEmpty)
    }

    @Test func aHalfThatFailsIsAWarningAndItsReturnIsTold() {
        let well = Condition("CodeResolved", true, reason: "Succeeded", message: "")
        let ill = Condition("CodeResolved", false, reason: "Unauthorized", message: "")
        let worse = Condition("CodeResolved", false, reason: "RegistryUnavailable", message: "")
        #expect(news(status([]), status([well])).isEmpty)
        #expect(news(status([well]), status([ill])) == ["Warning Unauthorized"])
        #expect(news(status([ill]), status([worse])) == ["Warning RegistryUnavailable"])
        #expect(news(status([worse]), status([well])) == ["Normal CodeResolved"])
    }

    @Test func anUploadUnderWayIsNoWarning() {
        let ill = Condition("ModelResolved", false, reason: "Incomplete", message: "")
        #expect(news(status([]), status([ill])) == ["Normal Incomplete"])
    }

    @Test func oneCauseInSeveralConditionsIsToldOnce() {
        let conditions = [
            Condition("CodeResolved", false, reason: "InvalidSpec", message: "the half"),
            Condition("Ready", false, reason: "InvalidSpec", message: "ready"),
            Condition("Stalled", true, reason: "InvalidSpec", message: "stalled"),
        ]
        let items = StatusNews(from: status([]), to: status(conditions)).items
        #expect(items.map(\.note) == ["the half"])
    }

    @Test func aRolloutIsNotToldTwice() {
        let waiting = Condition("Ready", false, reason: "Progressing", message: "")
        let reconciling = Condition("Reconciling", true, reason: "Progressing", message: "")
        #expect(news(status([]), status([waiting, reconciling])).isEmpty)
        #expect(news(status([progressing]), status([converged])).isEmpty)
    }

    @Test func lossesRecoveriesAndHoldsAreTold() {
        let degraded = Condition("Ready", false, reason: "Degraded", message: "")
        let suspended = Condition("Ready", true, reason: "Suspended", message: "")
        let held = Condition("UpdateAvailable", true, reason: "WaitingForWindow", message: "")
        #expect(news(status([converged]), status([degraded])) == ["Warning Degraded"])
        #expect(news(status([degraded]), status([converged])) == ["Normal Converged"])
        #expect(news(status([converged]), status([suspended])) == ["Normal Suspended"])
        #expect(news(status([converged]), status([converged, held])) == ["Normal WaitingForWindow"])
    }
}
