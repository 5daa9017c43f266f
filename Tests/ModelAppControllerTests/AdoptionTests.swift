import DevCluster
import JSON
import KubernetesAPI
import KubernetesClient
import ModelAppAPI
import ReleasePlanning
import Testing

/// ModelApps on Deployments that were there before.
@Suite struct AdoptionTests {
    @Test func anExistingDeploymentGetsCodeAndModelAndKeepsTheRest() async throws {
        try await Cluster.withAdopted { cluster in
            try await cluster.push("2")
            try cluster.uploadVersion("1.1.0")
            try await cluster.converges(on: "web", code: "2", model: "1.1.0")
            let web = try #require(cluster.foreign())
            #expect(web["metadata"]?["ownerReferences"] == nil)
            #expect(web["metadata"]?["labels"]?["team"] == "vision")
            #expect(web["spec"]?["replicas"] == 3)
            let container = web["spec"]?["template"]?["spec"]?["containers"]?[0]
            #expect(container?["command"] == ["/bin/server", "--port", "8080"])
            #expect(container?["image"]?.string?.hasPrefix("registry.test/api@sha256:") == true)
            #expect(container?["env"]?.array?.first == ["name": "MODE", "value": "prod"])
            let service = cluster.api.object(Service.resource, Cluster.key())
            #expect(service?["spec"]?["selector"] == ["run": "web"])
            #expect(cluster.claim() == ["app", "default/app/\(cluster.uid(of: "app"))"])
            #expect(cluster.says("FieldsOwned", true, "Adopted"))
            #expect(cluster.foreign("app") == nil)
        }
    }

    @Test func aConvergedAppIsScannedWithoutARequestToTheAPIServer() async throws {
        try await Cluster.withAdopted { cluster in
            try await cluster.scans(2)
            cluster.api.resetRequests()
            try await cluster.scans(20)
            #expect(cluster.api.requests.counts.filter { $0.key.verb != "watch" }.isEmpty)
        } then: { cluster in
            cluster.api.resetRequests()
            try await cluster.withOperator { try await cluster.scans(5) }
            #expect(cluster.api.requests.writes == 0)
            #expect(cluster.api.requests.count("get") == 0)
        }
    }

    @Test(arguments: [Deployment.resource, Service.resource])
    func whatHasTheNameOfAnOwnTargetAlreadyIsUntouched(_ resource: APIResource) async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            let service: JSONValue = ["spec": ["selector": ["run": "web"], "ports": [["port": 81]]]]
            if resource == Deployment.resource {
                try await cluster.createForeign("app")
            } else {
                try await cluster.apply(ApplyStep(resource, Cluster.key(), service))
            }
            try await cluster.create()
            let kinds = [Deployment.resource, Service.resource]
            let before = kinds.map { cluster.api.object($0, Cluster.key())?["spec"] }
            try await cluster.withOperator {
                try await cluster.eventually("it says so") {
                    cluster.says("Stalled", true, "NameTaken", ["\(resource.kind) app exists"])
                }
                try await cluster.scans(5)
                #expect(kinds.map { cluster.api.object($0, Cluster.key())?["spec"] } == before)
            }
        }
    }

    @Test func ofTwoThatRaceToAdoptOneDeploymentOneWins() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.createForeign()
            try await cluster.create("one", adopt: ["name": "web"])
            try await cluster.create("two", adopt: ["name": "web"])
            try await cluster.withOperator {
                try await cluster.eventually("one has it and the other not") {
                    ["one", "two"].filter { cluster.isConverged($0, on: "web", code: "1", model: "1.0.0") }.count == 1
                        && ["one", "two"].filter { cluster.says("Stalled", true, "AlreadyClaimed", of: $0) }.count == 1
                }
                let winner = try #require(cluster.claim()[0])
                let loser = winner == "one" ? "two" : "one"
                #expect(cluster.says("Ready", false, "AlreadyClaimed", ["ModelApp default/\(winner)"], of: loser))
                #expect(cluster.releases(of: loser).isEmpty)
                try await cluster.scans(5)
                #expect(cluster.claim()[0] == winner)
                // The other has it once the first is gone.
                try await cluster.deleteApp(winner)
                try await cluster.converges(loser, on: "web", code: "1", model: "1.0.0")
            }
        }
    }

    @Test func theClaimOfAModelAppThatIsGoneIsTakenOver() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.createForeign(annotations: [Keys.claimedBy: "default/gone/0000"])
            try await cluster.create(adopt: ["name": "web"])
            try await cluster.withOperator {
                try await cluster.converges(on: "web", code: "1", model: "1.0.0")
                #expect(cluster.claim() == ["app", "default/app/\(cluster.uid(of: "app"))"])
            }
        }
    }

    @Test func aDeploymentThatIsMissingIsAdoptedOnceItIsThere() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.create(adopt: ["name": "web"])
            try await cluster.withOperator {
                try await cluster.eventually("it says so") {
                    cluster.says("Stalled", true, "DeploymentNotFound", ["no Deployment web in namespace default"])
                }
                try await cluster.createForeign()
                try await cluster.converges(on: "web", code: "1", model: "1.0.0")
            }
        }
    }

    @Test func theEndOfAModelAppLeavesTheDeploymentRunningWithoutTheClaim() async throws {
        try await Cluster.withAdopted { cluster in
            let template = cluster.foreign()?["spec"]?["template"]
            try await cluster.deleteApp()
            try await cluster.eventually("it is let go") { cluster.claim() == [nil, nil] }
            #expect(cluster.foreign()?["spec"]?["template"] == template)
            try await cluster.eventually("the Service is collected") {
                cluster.api.object(Service.resource, Cluster.key()) == nil
            }
        }
    }

    /// A deletion that nobody saw.
    @Test func whatADeletedModelAppHadClaimedIsLetGoAfterARestart() async throws {
        try await Cluster.withAdopted { _ in
        } then: { cluster in
            try await cluster.deleteApp()
            #expect(cluster.claim()[0] == "app")
            try await cluster.withOperator {
                try await cluster.eventually("it is let go") { cluster.claim() == [nil, nil] }
            }
            #expect(cluster.foreign()?["spec"]?["replicas"] == 3)
        }
    }

    @Test func aCopyOfAnAdoptedDeploymentIsLetGoOnce() async throws {
        try await Cluster.withAdopted { cluster in
            let claim = try #require(cluster.claim()[1])
            try await cluster.createForeign("copy", annotations: [Keys.claimedBy: .string(claim)])
            try await cluster.client.patch(
                Deployment.resource,
                Cluster.key("copy"),
                ["metadata": ["labels": [Keys.name: "app"]]],
                fieldManager: FieldManager("kubectl-label")
            )
            try await cluster.eventually("the copy is nobody's") { cluster.claim(on: "copy") == [nil, nil] }
            try await cluster.scans(2)
            cluster.api.resetRequests()
            try await cluster.scans(5)
            #expect(cluster.api.requests.writes == 0)
            #expect(cluster.claim() == ["app", claim])
        }
    }
}

/// Fields that others write too, on a server that keeps who owns them.
@Suite struct ContestStoryTests {
    @Test func aFieldThatIsTakenBackIsYieldedOnceAndNothingIsWrittenAfterwards() async throws {
        try await Cluster.withAdopted { cluster in
            try await cluster.setImage(to: "registry.test/api:old", by: "argocd-controller")
            try await cluster.eventually("it is said") {
                cluster.says(
                    "FieldsOwned",
                    false,
                    "Yielded",
                    ["argocd-controller", "spec.template.spec.containers[name=api].image"]
                )
            }
            // The status counts pods while those of the other image start.
            try await cluster.eventually("the other image runs") { cluster.isRolledOut() }
            try await cluster.scans(2)
            let generation = cluster.foreign()?["metadata"]?["generation"]
            cluster.api.resetRequests()
            try await cluster.scans(10)
            try await cluster.push("2")
            try await cluster.scans(10)
            // The status tells of the newer code; nothing else is written.
            #expect(cluster.api.requests.writes <= 1)
            #expect(cluster.foreign()?["metadata"]?["generation"] == generation)
            #expect(cluster.live("web")?.image == "registry.test/api:old")
            #expect(cluster.releases().count == 1)
            // Force is the way back.
            try await cluster.edit(spec: ["target": ["adopt": ["onConflict": "Force"]]])
            try await cluster.converges(on: "web", code: "2", model: "1.0.0")
            #expect(cluster.says("FieldsOwned", true, "Adopted"))
        }
    }

    @Test func underForceTheFightEndsAfterThreeRounds() async throws {
        try await Cluster.withAdopted(onConflict: "Force") { cluster in
            let image = cluster.live("web")?.image
            for round in 1...3 {
                try await cluster.setImage(to: "registry.test/api:\(round)", by: "argocd-controller")
                try await cluster.eventually("round \(round): it is put back") { cluster.live("web")?.image == image }
            }
            try await cluster.setImage(to: "registry.test/api:last", by: "argocd-controller")
            try await cluster.eventually("it is said") {
                cluster.says("FieldsOwned", false, "Contested", ["argocd-controller", "3 times"])
            }
            try await cluster.scans(2)
            cluster.api.resetRequests()
            try await cluster.scans(20)
            #expect(cluster.api.requests.writes == 0)
            #expect(cluster.live("web")?.image == "registry.test/api:last")
        }
    }

    @Test func yieldTakesNothing() async throws {
        try await Cluster.with { cluster in
            try await cluster.push("1")
            try cluster.uploadVersion("1.0.0")
            try await cluster.createForeign()
            try await cluster.create(adopt: ["name": "web", "onConflict": "Yield"])
            let before = cluster.foreign()?["spec"]
            try await cluster.withOperator {
                try await cluster.eventually("it is said") {
                    cluster.says("FieldsOwned", false, "Yielded", ["kubectl", "onConflict is Yield"])
                }
                try await cluster.scans(3)
                #expect(cluster.foreign()?["spec"] == before)
                #expect(cluster.claim() == [nil, nil])
            }
        }
    }
}
