import Artifacts
import DevCluster
import HTTPTransport
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Synchronization
import Testing

/// A version is taken once it is complete, and never before.
@Suite struct UploadTests {
    /// The operator's clock is that of the store, an hour behind it, an hour ahead of it.
    @Test(arguments: [0, 3600, -3600])
    func aVersionIsTakenOnceItHasSettledAndNotBefore(storeAhead: Int) async throws {
        // Three real seconds, so that a machine under load makes no gap as long.
        let settle = Duration.seconds(30)
        try await Cluster.with(factor: 10, storeAhead: .seconds(storeAhead)) { cluster in
            try await cluster.push("1")
            try cluster.upload("resnet/1.0.0/part-1", "one")
            // The interval is long, so that what was listed while the upload went on is kept past its end.
            try await cluster.create(interval: "5m", complete: ["settle": "30s"])
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                var last = cluster.time.now
                for part in 1...4 {
                    try cluster.upload("resnet/2.0.0/part-\(part)", "bytes of \(part)")
                    #expect(cluster.time.now - last < settle, "the upload must have no gap as long as settle")
                    last = cluster.time.now
                    if part == 1 { try await cluster.requestScan("after the first of four") }
                    if part < 4 { try await cluster.time.sleep(for: .seconds(5)) }
                }
                try await cluster.converges(code: "1", model: "2.0.0")
                #expect(cluster.time.now - last >= settle)
                let versions = cluster.releases().map { "\($0.release.model.version) \($0.release.model.objects)" }
                #expect(versions == ["1.0.0 1", "2.0.0 4"])
            }
        }
    }

    @Test func aMarkerThatIsOlderThanAFileDoesNotCount() async throws {
        try await Cluster.withConvergedApp { cluster in
            try cluster.upload("resnet/2.0.0/DONE", "")
            try await cluster.time.sleep(for: .seconds(2))
            try cluster.upload("resnet/2.0.0/weights.bin", "two")
            try await cluster.scans(3)
            #expect(cluster.live()?.version == "1.0.0")
            try cluster.upload("resnet/2.0.0/DONE", "")
            try await cluster.converges(code: "1", model: "2.0.0")
            #expect(cluster.releases().count == 2)
        }
    }

    @Test func aManifestWantsItsFilesWithTheirSizes() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            let sum = String(repeating: "a", count: 64)
            let manifest =
                #"{"files":[{"path":"a","sha256":"\#(sum)","size":3},{"path":"b","sha256":"\#(sum)","size":4}]}"#
            try cluster.upload("resnet/1.0.0/a", "abc")
            try cluster.upload("resnet/1.0.0/MANIFEST.json", manifest)
            try await cluster.create(complete: ["manifest": "MANIFEST.json"])
            try await cluster.withOperator {
                try await cluster.eventually("b is missing") {
                    cluster.says("ModelResolved", false, "NoCandidate", ["missing \"b\""])
                }
                try cluster.upload("resnet/1.0.0/b", "b")
                try await cluster.eventually("b is too short") {
                    cluster.says("ModelResolved", false, "NoCandidate", ["\"b\" has 1 bytes, and 4 by the manifest"])
                }
                #expect(cluster.live() == nil)
                try cluster.upload("resnet/1.0.0/b", "bbbb")
                try await cluster.converges(code: "1", model: "1.0.0")
                try cluster.upload("resnet/1.1.0/MANIFEST.json", "{\"files\": [")
                try await cluster.scans(3)
                #expect(cluster.isConverged(code: "1", model: "1.0.0"))
            }
        }
    }

    @Test func filesOverwrittenInPlaceAreOneReleaseAndNeverAMixture() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.upload("resnet/weights.bin", "old weights")
            try cluster.upload("resnet/labels.txt", "old labels")
            // Two real seconds, so that a machine under load cannot let the half-done upload settle.
            try await cluster.create(complete: ["settle": "40s"])
            try await cluster.edit(spec: ["model": ["versions": .null, "objects": ["weights.bin", "labels.txt"]]])
            try await cluster.withOperator {
                try await cluster.eventually("it runs") { cluster.condition("Ready")?.isTrue == true }
                let first = try #require(cluster.live())
                try cluster.upload("resnet/weights.bin", "new weights")
                try await cluster.scans(2)
                #expect(cluster.live() == first)
                #expect(cluster.condition("ModelResolved")?.isTrue == true)
                try cluster.upload("resnet/labels.txt", "new labels")
                try await cluster.eventually("the new files run") {
                    cluster.live()?.revision != first.revision && cluster.condition("Reconciling") == nil
                }
                #expect(cluster.releases().count == 2)
                #expect(cluster.releases().last?.release.restorable == false)
            }
        }
    }

    /// The listing shows a complete version; before its content is read, a file is written over.
    @Test func aVersionThatChangesBetweenListingAndReadingIsNotTaken() async throws {
        try await Cluster.withConvergedApp { cluster in
            let isTorn = Mutex(false)
            cluster.network.beforeEach { request in
                guard request.contains("prefix=resnet%2F2.0.0%2F"), !isTorn.withLock({ $0 }) else { return }
                isTorn.withLock { $0 = true }
                try? cluster.upload("resnet/2.0.0/weights.bin", "torn")
            }
            try cluster.uploadVersion("2.0.0")
            try await cluster.eventually("the version is torn") { isTorn.withLock { $0 } }
            try await cluster.scans(3)
            #expect(cluster.live()?.version == "1.0.0")
            #expect(cluster.isConverged(code: "1", model: "1.0.0"))
            try cluster.upload("resnet/2.0.0/DONE", "")
            try await cluster.converges(code: "1", model: "2.0.0")
            #expect(cluster.releases().count == 2)
        }
    }

    @Test func theSameBytesUploadedAgainAreNothingNew() async throws {
        try await Cluster.withConvergedApp { cluster in
            try await cluster.rests()
            cluster.api.resetRequests()
            // Between two looks: one that sees the new files and the old marker would say that the upload goes on.
            try await cluster.betweenLooks { try $0.uploadVersion("1.0.0") }
            try await cluster.scans(8)
            #expect(cluster.api.requests.writes == 0)
            #expect(cluster.isConverged(code: "1", model: "1.0.0"))
            #expect(cluster.says("ModelResolved", true, "Succeeded", ["the store keeps no checksum of the content"]))
        }
    }

    @Test func fixedNamesUploadedAgainWithTheSameBytesAreNothingNew() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.upload("resnet/weights.bin", "weights")
            try await cluster.create(complete: ["settle": "2s"])
            try await cluster.edit(spec: ["model": ["versions": .null, "objects": ["weights.bin"]]])
            try await cluster.withOperator {
                try await cluster.eventually("it runs") {
                    cluster.condition("Ready")?.isTrue == true && cluster.condition("Reconciling") == nil
                }
                try await cluster.rests()
                cluster.api.resetRequests()
                try cluster.upload("resnet/weights.bin", "weights")
                try await cluster.scans(8)
                #expect(cluster.api.requests.writes == 0)
            }
        }
    }

    @Test func aPointerIsOverruledByPinAndPassedOverBySkip() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            for version in ["1.0.0", "2.0.0"] { try cluster.uploadVersion(version) }
            try cluster.upload("resnet/LATEST", "1.0.0\n")
            try await cluster.create()
            try await cluster.edit(spec: ["model": ["versions": .null, "pointer": ["key": "LATEST"]]])
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                try await cluster.editSeen(spec: ["rollout": ["skip": ["model": ["2.0.0"]]]])
                try cluster.upload("resnet/LATEST", "2.0.0\n")
                // A pointer is read without a listing.
                cluster.network.forget()
                try await cluster.eventually("it is read several times") {
                    cluster.network.requests.count { $0.contains("/resnet/LATEST") } >= 5
                }
                #expect(cluster.isConverged(code: "1", model: "1.0.0"))
                try await cluster.edit(spec: ["rollout": ["skip": .null]])
                try await cluster.converges(code: "1", model: "2.0.0")
                try await cluster.edit(spec: ["rollout": ["pin": ["model": "1.0.0"]]])
                try await cluster.converges(code: "1", model: "1.0.0")
            }
        }
    }

    @Test func aMissingVersionIsConfirmedByASecondListingBeforeADowngrade() async throws {
        try await Cluster.withConvergedApp { cluster in
            try cluster.uploadVersion("2.0.0")
            try await cluster.converges(code: "1", model: "2.0.0")
            try await cluster.editSeen(spec: ["model": ["onMissing": "Downgrade"]])
            let listings = try await cluster.betweenLooks { cluster in
                for file in ["weights.bin", "labels.txt", "DONE"] { try cluster.remove("resnet/2.0.0/\(file)") }
            }
            try await cluster.converges(code: "1", model: "1.0.0")
            #expect(cluster.network.objectListings - listings >= 2)
        }
    }

    @Test func aTagWaitsForMinAgeSinceItWasFirstSeenAndThatOutlivesTheOperator() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create()
            try await cluster.withOperator { try await cluster.converges(code: "1", model: "1.0.0") }
            try await cluster.edit(spec: ["rollout": ["minAge": "80s"]])
            var pushed = cluster.time.now
            try await cluster.withOperator {
                try await cluster.push("2")
                pushed = cluster.time.now
                try await cluster.eventually("it is seen") {
                    cluster.status()?.code?.waiting.map(\.tag) == ["2"]
                }
            }
            let seen = try #require(cluster.status()?.code?.waiting.first?.firstSeenAt)
            try await cluster.withOperator {
                try await cluster.scans(3)
                #expect(cluster.status()?.code?.waiting.first?.firstSeenAt == seen)
                #expect(cluster.live()?.tag == "1")
                try await cluster.converges(code: "2", model: "1.0.0")
                #expect(cluster.time.now - pushed >= .seconds(79))
                try await cluster.eventually("nothing waits") { cluster.status()?.code?.waiting == [] }
            }
        }
    }

    @Test func aRequestedReconcileScansOnceAtOnce() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create(interval: "1h")
            try await cluster.withOperator {
                try await cluster.converges(code: "1", model: "1.0.0")
                try await cluster.push("2")
                let (tags, objects) = (cluster.network.tagListings, cluster.network.objectListings)
                try await cluster.requestScan("now")
                try await cluster.converges(code: "2", model: "1.0.0")
                #expect(cluster.network.tagListings - tags == 1)
                #expect(cluster.network.objectListings - objects == 1)
            }
        }
    }
}
