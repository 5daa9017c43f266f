import JSON
import KubernetesAPI
import Testing

@Suite(.timeLimit(.minutes(1)))
struct RequestTests {
    private func text(_ query: [(String, String)]) -> String {
        query.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    // W4, W5
    @Test func aListNamesWhatIsAskedFor() {
        #expect(text(ListOptions().query) == "")
        #expect(text(ListOptions(limit: 500, resourceVersion: "0").query) == "limit=500&resourceVersion=0")
        #expect(
            text(
                ListOptions(
                    labelSelector: "a=b",
                    fieldSelector: "c=d",
                    limit: 1,
                    resourceVersion: "7",
                    resourceVersionMatch: .exact
                ).query
            ) == "labelSelector=a=b&fieldSelector=c=d&limit=1&resourceVersion=7&resourceVersionMatch=Exact"
        )
        #expect(text(ListOptions(resourceVersion: "").query) == "resourceVersion=")
    }

    // W5
    @Test func aFollowingPageCarriesItsTokenAndNeverAVersion() {
        let options = ListOptions(
            labelSelector: "a",
            limit: 500,
            continueToken: "t",
            resourceVersion: "7",
            resourceVersionMatch: .notOlderThan
        )
        #expect(text(options.query) == "labelSelector=a&limit=500&continue=t")
    }

    // W7
    @Test func aWatchAlwaysAsksForBookmarksAndItsEnd() {
        #expect(
            text(WatchOptions(resourceVersion: "7", timeoutSeconds: 240).query)
                == "watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=240"
        )
        #expect(
            text(WatchOptions(labelSelector: "a", fieldSelector: "b", timeoutSeconds: 1).query)
                == "watch=true&allowWatchBookmarks=true&labelSelector=a&fieldSelector=b&timeoutSeconds=1"
        )
    }

    // W1
    @Test func aWatchListAsksForThePresentStateAsAWatch() {
        #expect(
            text(WatchOptions(resourceVersion: "", timeoutSeconds: 240, sendsInitialEvents: true).query)
                == "watch=true&allowWatchBookmarks=true&resourceVersion=&sendInitialEvents=true"
                + "&resourceVersionMatch=NotOlderThan&timeoutSeconds=240"
        )
    }

    @Test func anApplyHasIdentityAndOwnedFieldsAlone() {
        let step = ApplyStep(
            Deployment.resource,
            ObjectKey(namespace: "n", name: "x"),
            ["metadata": ["labels": ["a/b": "c"]], "spec": ["image": "host/repo@sha256:0"]],
            resourceVersion: "7"
        )
        #expect(
            String(decoding: step.bytes, as: UTF8.self) == """
                {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"labels":{"a/b":"c"},"name":"x","namespace":"n",\
                "resourceVersion":"7"},"spec":{"image":"host/repo@sha256:0"}}
                """
        )
        #expect(step.forces)
    }

    @Test func anApplyWithoutVersionOrNamespaceHasNone() {
        let cluster = APIResource(
            group: "",
            version: "v1",
            kind: "Namespace",
            plural: "namespaces",
            isNamespaced: false
        )
        let step = ApplyStep(cluster, ObjectKey(name: "x"), [:])
        #expect(step.document == ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "x"]])
    }

    // Real servers: 400 "found unknown escape character".
    @Test func theBytesOfAnApplyEscapeNoSlash() throws {
        let body = try JSONValue(parsing: #"{"spec":{"url":"https:\/\/a\/b\\\/c"}}"#)
        let bytes = ApplyStep(ConfigMap.resource, ObjectKey(name: "x"), body).bytes
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains(#""https://a/b\\/c""#))
        #expect(try JSONValue(parsing: bytes)["spec"] == body["spec"])
    }

    @Test func namespacesNameOneOrNone() {
        #expect(Namespaces.all.name == nil)
        #expect(Namespaces.only("n").name == "n")
    }
}
