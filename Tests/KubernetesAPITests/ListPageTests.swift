import JSON
import KubernetesAPI
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ListPageTests {
    private func page(_ text: String) throws -> ListPage<ConfigMap> {
        try ListPage<ConfigMap>(parsing: Array(text.utf8))
    }

    @Test func aPageHasItsObjectsInOrderAndItsVersion() throws {
        let page = try page(
            #"{"kind":"ConfigMapList","items":[{"metadata":{"name":"b"}},{"metadata":{"name":"a"}}],"metadata":{"resourceVersion":"9","continue":"t","remainingItemCount":3}}"#
        )
        #expect(page.items.map(\.metadata.name) == ["b", "a"])
        #expect(page.resourceVersion == "9")
        #expect(page.continueToken == "t")
        #expect(page.undecodable.isEmpty)
    }

    // W5: the end is an empty token, not a short page.
    @Test(arguments: [#"{"continue":""}"#, "{}", #"{"continue":null}"#])
    func anEmptyTokenIsTheEnd(metadata: String) throws {
        #expect(try page(#"{"metadata":\#(metadata),"items":[]}"#).continueToken == nil)
    }

    // W15
    @Test func anElementThatDoesNotDecodeDoesNotSpoilThePage() throws {
        let page = try page(
            #"{"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b","namespace":"n","uid":"u","resourceVersion":"3"},"data":{"k":1}},7,{"metadata":{"name":"c","labels":{"x":1}}},{"metadata":{"name":"d"}}]}"#
        )
        #expect(page.items.map(\.metadata.name) == ["a", "d"])
        #expect(page.undecodable.map(\.metadata.name) == ["b", "", "c"])
        #expect(page.undecodable.map(\.metadata.uid) == ["u", "", ""])
        #expect(page.undecodable.first?.reason == "data.k: expected a string, got a number")
        #expect(page.undecodable.last?.reason == "metadata.labels.x: expected a string, got a number")
    }

    @Test func nullItemsAreNone() throws {
        #expect(try page(#"{"metadata":{},"items":null}"#).items.isEmpty)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"kind":"Status","code":200}"#, #"{"items":{}}"#, #"{"items":[{]}"#, #"{"items":[]}x"#,
        #"{"items":[{"metadata":{"name":"a"}}"#,
    ])
    func whatIsNoListIsRefused(text: String) {
        #expect(throws: JSONError.self) { try page(text) }
    }
}
