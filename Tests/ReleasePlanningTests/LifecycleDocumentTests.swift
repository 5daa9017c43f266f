import Foundation
import ReleasePlanning
import Testing

/// docs/release-lifecycle.md is drawn from the table in the code. `MODELAPP_WRITE_DOCUMENTS=1` draws it anew.
struct LifecycleDocumentTests {
    private static let path =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/docs/release-lifecycle.md"

    @Test func theDocumentIsDrawnFromTheTable() throws {
        if ProcessInfo.processInfo.environment["MODELAPP_WRITE_DOCUMENTS"] == "1" {
            try Self.document.write(toFile: Self.path, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOfFile: Self.path, encoding: .utf8) == Self.document)
    }

    @Test func eachRowIsThereOnceAndLeadsSomewhereElse() {
        let rows = ReleaseLifecycle.transitions
        #expect(Set(rows.map { "\($0.from) \($0.to) \($0.action)" }).count == rows.count)
        #expect(rows.allSatisfy { $0.from != $0.to })
        for state in ReleaseState.allCases {
            #expect(rows.contains { $0.to == state }, "\(state) is reached")
            #expect(rows.contains { $0.from == state }, "\(state) is left")
        }
    }

    private static var document: String {
        """
        # The life of a release

        Drawn from `ReleaseLifecycle` in the code; a test keeps the two equal. Random histories make sure that nothing else
        happens to a release, and that everything here does ([architecture](architecture.md)).

        A release is a ControllerRevision. What is known of it lies there: its number, when it was started, when every pod
        ran it, that it failed and whose fault that was, that somebody put it back. The states below are read off that and
        off the Deployment, never off the status.

        ```mermaid
        stateDiagram-v2
        \(diagram)
        ```

        | from | to | when | what is done about it |
        |---|---|---|---|
        \(table)

        What is done about a release is what the plan says for it: `-` where only another release or the status is written.

        ## On the way to the traffic

        A release that is checked before, or that comes up in a [second slot](how-to/strategies.md), is noted before
        anything of it exists, and how far it has come is kept with it. Drawn from `VerificationTransition`; random histories
        make sure that nothing else happens.

        ```mermaid
        stateDiagram-v2
        \(stages)
        ```

        | from | to | when |
        |---|---|---|
        \(stageTable)

        """
    }

    private static func node(_ state: ReleaseState) -> String { state == .absent ? "[*]" : state.rawValue }

    private static var diagram: String {
        var arrows: [String] = []
        for row in ReleaseLifecycle.transitions {
            let arrow = "    \(node(row.from)) --> \(node(row.to))"
            if !arrows.contains(arrow) { arrows.append(arrow) }
        }
        return arrows.joined(separator: "\n")
    }

    private static var stages: String {
        func node(_ stage: VerificationStage) -> String { stage == .absent ? "[*]" : stage.rawValue }
        return VerificationTransition.all.map { "    \(node($0.from)) --> \(node($0.to))" }.joined(separator: "\n")
    }

    private static var stageTable: String {
        VerificationTransition.all.map { "| \($0.from.rawValue) | \($0.to.rawValue) | \($0.event) |" }
            .joined(separator: "\n")
    }

    private static var table: String {
        ReleaseLifecycle.transitions.map {
            "| \($0.from.rawValue) | \($0.to.rawValue) | \($0.event) | \($0.action.rawValue) |"
        }.joined(separator: "\n")
    }
}
