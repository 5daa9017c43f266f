import Testing

@testable import modelapp

@Suite struct LineDifferenceTests {
    private func unified(_ old: String, _ new: String) -> String {
        LineDifference(from: old, to: new).unified().joined(separator: "\n")
    }

    @Test func equalTextsHaveNoHunk() {
        #expect(LineDifference(from: "a\nb\n", to: "a\nb\n").isEmpty)
        #expect(unified("a\nb\n", "a\nb\n") == "")
        #expect(unified("", "") == "")
    }

    @Test func aNewTextIsAllAdded() { #expect(unified("", "a\nb\n") == "@@ -0,0 +1,2 @@\n+a\n+b") }

    @Test func aTextThatGoesIsAllRemoved() { #expect(unified("a\n", "") == "@@ -1,1 +0,0 @@\n-a") }

    @Test func aChangeHasThreeLinesAround() {
        let old = (1...9).map { "\($0)\n" }.joined()
        #expect(unified(old, old.replacing("5", with: "x")) == "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8")
    }

    @Test func changesNearEachOtherShareAHunkAndFarOnesDoNot() {
        let old = (1...30).map { "l\($0)\n" }.joined()
        let near = old.replacing("l5\n", with: "").replacing("l10\n", with: "x\n")
        #expect(unified(old, near).components(separator: "@@ -").count == 2)
        let far = old.replacing("l5\n", with: "").replacing("l20\n", with: "x\n")
        let text = unified(old, far)
        #expect(text.components(separator: "@@ -").count == 3)
        #expect(text.contains("@@ -2,7 +2,6 @@") && text.contains("@@ -17,7 +16,7 @@"))
    }
}

extension String {
    fileprivate func components(separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
