import JSON
import KubernetesAPI
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ObjectTests {
    @Test func aDeploymentKeepsWhatIsReadAndForgetsTheRest() throws {
        let text = """
            {"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","namespace":"prod","uid":"u","generation":3,
            "resourceVersion":"7","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"a":"b"},"selfLink":"/x",
            "annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}","x":"y"},
            "managedFields":[{"manager":"kubectl","fieldsV1":{"f:spec":{}}}]},
            "spec":{"replicas":2,"template":{"spec":{"x":[1.50]}}},
            "status":{"replicas":2,"updatedReplicas":1,"conditions":[{"type":"Available","status":"True","lastUpdateTime":"t",
            "lastTransitionTime":"2026-01-01T00:00:01Z"}]}}
            """
        let deployment = try Deployment(parsing: Array(text.utf8))
        #expect(deployment.key == ObjectKey(namespace: "prod", name: "web"))
        #expect(deployment.metadata.annotations == ["x": "y"])
        #expect(deployment.metadata.generation == 3)
        #expect(deployment.status.condition("Available")?.status == "True")
        #expect(deployment.status.condition("Progressing") == nil)
        #expect(
            deployment.document.canonicalText == """
                {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"annotations":{"x":"y"},\
                "creationTimestamp":"2026-01-01T00:00:00Z","generation":3,"labels":{"a":"b"},"name":"web",\
                "namespace":"prod","resourceVersion":"7","uid":"u"},"spec":{"replicas":2,"template":{"spec":{"x":[1.50]}}},\
                "status":{"availableReplicas":0,"conditions":[{"lastTransitionTime":"2026-01-01T00:00:01Z",\
                "message":"","reason":"","status":"True","type":"Available"}],"observedGeneration":0,"readyReplicas":0,"replicas":2,"unavailableReplicas":0,\
                "updatedReplicas":1}}
                """
        )
        #expect(try Deployment(json: deployment.document) == deployment)
    }

    @Test func metadataOfANewObjectHasNoEmptyMembers() {
        let metadata = ObjectMeta(ObjectKey(namespace: "n", name: "x"), labels: ["a": "b"])
        #expect(metadata.json == ["name": "x", "namespace": "n", "labels": ["a": "b"]])
        #expect(ObjectMeta().json == [:])
    }

    @Test func nullCountsAsAbsent() throws {
        let text =
            #"{"metadata":{"name":"x","creationTimestamp":null,"labels":null,"ownerReferences":null},"data":null}"#
        let map = try ConfigMap(parsing: Array(text.utf8))
        #expect(map.metadata.creationTimestamp == nil)
        #expect(map.data.isEmpty)
    }

    @Test func membersMayComeInAnyOrderAndTheLastOfTwoCounts() throws {
        let text = #"{"type":"Opaque","zzz":{"a":[1]},"metadata":{"uid":"u","name":"x"},"data":{"k":"v"},"type":"B"}"#
        let secret = try Secret(parsing: Array(text.utf8))
        #expect(secret.type == "B")
        #expect(secret.metadata.uid == "u")
        #expect(secret.data == ["k": "v"])
    }

    @Test(arguments: [
        (#"{"metadata":{"name":1}}"#, "metadata.name: expected a string, got a number"),
        (#"{"metadata":{"labels":{"a":1}}}"#, "metadata.labels.a: expected a string, got a number"),
        (
            #"{"metadata":{"ownerReferences":[{"kind":"A","apiVersion":"v1","name":"x"}]}}"#,
            "metadata.ownerReferences[0].uid: is required"
        ),
        (
            #"{"status":{"conditions":[{},{"type":true}]}}"#,
            "status.conditions[1].type: expected a string, got a boolean"
        ),
        (#"{"status":{"replicas":1.5}}"#, "status.replicas: 1.5 is not a whole number of 64 bits"),
    ])
    func anErrorNamesTheMember(text: String, expected: String) {
        let error = #expect(throws: JSONError.self) { try Deployment(parsing: Array(text.utf8)) }
        #expect(error?.description == expected)
    }

    @Test func ofManyOwnersOneControls() throws {
        var metadata = ObjectMeta()
        var other = OwnerReference(controller: Deployment.resource, name: "a", uid: "1")
        other.controller = false
        metadata.ownerReferences = [other]
        #expect(metadata.controller == nil)
        let owner = OwnerReference(controller: Deployment.resource, name: "b", uid: "2")
        metadata.ownerReferences.append(owner)
        #expect(metadata.controller == owner)
        #expect(
            owner.json == [
                "apiVersion": "apps/v1", "kind": "Deployment", "name": "b", "uid": "2", "controller": true,
                "blockOwnerDeletion": true,
            ]
        )
        #expect(try ObjectMeta(json: metadata.json) == metadata)
    }

    @Test func aSecretPrintsItsKeysAndNoValue() {
        var secret = Secret()
        secret.metadata = ObjectMeta(ObjectKey(namespace: "n", name: "s"))
        secret.data = ["password": "aHVudGVyMg=="]
        for text in ["\(secret)", String(reflecting: secret), "\([secret])", "\(Optional(secret) as Any)"] {
            #expect(text.contains("password") && !text.contains("aHVud"), "\(text)")
        }
    }

    @Test func aControllerRevisionAlwaysHasItsNumber() throws {
        let revision = ControllerRevision()
        #expect(revision.json["revision"] == 0)
        #expect(revision.document["revision"] == 0)
        #expect(try ControllerRevision(json: revision.document) == revision)
    }

    @Test func aLeaseRoundTripsWithItsAbsences() throws {
        var lease = Lease()
        lease.metadata = ObjectMeta(ObjectKey(namespace: "n", name: "l"))
        #expect(lease.json["spec"] == [:])
        lease.spec.holderIdentity = ""
        lease.spec.leaseDurationSeconds = 15
        #expect(lease.json["spec"] == ["holderIdentity": "", "leaseDurationSeconds": 15])
        #expect(try Lease(json: lease.document) == lease)
    }

    @Test func pathsAreThoseOfTheAPI() {
        let pods = APIResource(group: "", version: "v1", kind: "Pod", plural: "pods")
        let roles = APIResource(
            group: "rbac.authorization.k8s.io",
            version: "v1",
            kind: "ClusterRole",
            plural: "clusterroles",
            isNamespaced: false
        )
        #expect(pods.path(namespace: "n") == "/api/v1/namespaces/n/pods")
        #expect(pods.path(namespace: nil) == "/api/v1/pods")
        #expect(
            pods.path(ObjectKey(namespace: "n", name: "x"), subresource: "status")
                == "/api/v1/namespaces/n/pods/x/status"
        )
        #expect(roles.path(namespace: "n") == "/apis/rbac.authorization.k8s.io/v1/clusterroles")
        #expect(roles.path(ObjectKey(name: "x")) == "/apis/rbac.authorization.k8s.io/v1/clusterroles/x")
        #expect(Deployment.resource.description == "deployments.apps")
        #expect(pods.description == "pods")
        #expect(pods.apiVersion == "v1")
    }

    @Test func keysOrderByNamespaceThenByName() {
        let keys = [("b", "a"), ("a", "b"), ("", "z"), ("a", "a")].map { ObjectKey(namespace: $0.0, name: $0.1) }
        #expect(keys.sorted().map(\.description) == ["z", "a/a", "a/b", "b/a"])
    }

    @Test func aConditionIsUnknownUntilItIsDecided() {
        #expect(Condition("Ready", nil, reason: "R", message: "").status == "Unknown")
        #expect(Condition("Ready", true, reason: "R", message: "").isTrue)
        #expect(!Condition("Ready", false, reason: "R", message: "").isTrue)
    }
}
