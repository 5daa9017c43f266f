import JSON
import KubernetesAPI
import ModelAppAPI
import ModelAppController
import ReleasePlanning
import Testing

struct BakedTagsTests {
    private static let hex = String(repeating: "a", count: 64)

    private func app() throws -> ModelApp {
        var app = ModelApp()
        app.status.history = ["0123456789ab"].map { id in
            var entry = HistoryEntry()
            entry.id = id
            return entry
        }
        app.status.release = ReleaseStatus()
        var target = TargetRelease()
        target.id = "ba9876543210"
        target.model.digest = "sha256:\(Self.hex)"
        app.status.release?.target = target
        return app
    }

    @Test func whatRunsRanAndComesIsNeeded() throws {
        var tags = BakedTags()
        tags.keep(try app(), [])
        #expect(!tags.isUnneeded("r-0123456789ab"))
        #expect(!tags.isUnneeded("r-ba9876543210"))
        #expect(!tags.isUnneeded("m-sha256-\(Self.hex)-01234567"))
        #expect(tags.isUnneeded("r-ffffffffffff"))
        #expect(!tags.isUnneeded("c-0123456789ab") && tags.isUnneeded("c-ffffffffffff"))
        #expect(tags.isUnneeded("m-sha256-\(String(repeating: "b", count: 64))-01234567"))
    }

    @Test(arguments: [
        "latest", "r-", "r-0123456789AB", "r-1.0", "r-0123456789abc", "m-", "m-sha256-1-2", "m-model", "1042",
        "m-md5-\(hex)-01234567", "sha256-\(hex).sig",
    ])
    func tagsOfOtherFormsAreNobodysToRemove(_ tag: String) {
        #expect(!BakedTags().isUnneeded(tag))
    }
}
