import HTTPTypes
import JSON

extension APIServerCase {
    static let lists: [APIServerCase] = [
        APIServerCase("a list has its kind, its version and its objects in order") { api in
            for name in ["c", "a", "b"] { _ = try await api.create(api.configMaps(), api.configMap(name)) }
            let list = try await api.get(api.configMaps(), [("labelSelector", "")])
            try expect(list.json["kind"], is: "ConfigMapList")
            try expect(list.json.itemNames.filter { $0.count == 1 } == ["a", "b", "c"], "\(list.json.itemNames)")
            try expect(!list.version.isEmpty, "no version")
        },
        APIServerCase("an empty list has an array of items") { api in
            let list = try await api.get(api.deployments())
            try expect(list.json["items"], is: [])
        },
        APIServerCase("label selectors select by equality, sets and existence") { api in
            let labels: [String: [String: String]] = [
                "a": ["tier": "web", "env": "prod"], "b": ["tier": "db"], "c": [:],
            ]
            for (name, labels) in labels {
                _ = try await api.create(api.configMaps(), api.configMap(name, labels: labels))
            }
            for (selector, wanted) in [
                ("tier=web", ["a"]), ("tier!=web,tier", ["b"]), ("tier in (web,db)", ["a", "b"]), ("env", ["a"]),
                ("tier notin (web),tier", ["b"]), ("tier==db,!env", ["b"]),
            ] {
                let names = try await api.get(api.configMaps(), [("labelSelector", selector)]).json.itemNames
                try expect(names == wanted, "\(selector): \(names)")
            }
        },
        APIServerCase("a malformed selector is 400") { api in
            try expect(try await api.get(api.configMaps(), [("labelSelector", "a in (b")]), 400, "BadRequest")
            try expect(try await api.get(api.configMaps(), [("fieldSelector", "data.a=1")]), 400, "BadRequest")
        },
        APIServerCase("field selectors select by name, phase and node") { api in
            try await api.makeServiceAccount()
            for name in ["a", "b"] { try expect(try await api.create(api.path("pods"), api.pod(name)), 201) }
            let byName = try await api.get(api.path("pods"), [("fieldSelector", "metadata.name=a")])
            try expect(byName.json.itemNames == ["a"], "\(byName.json.itemNames)")
            let byPhase = try await api.get(
                api.path("pods"),
                [("fieldSelector", "status.phase=Pending,metadata.name!=a")]
            )
            try expect(byPhase.json.itemNames == ["b"], "\(byPhase.json.itemNames)")
            let byNode = try await api.get(api.path("pods"), [("fieldSelector", "spec.nodeName=none")])
            try expect(byNode.json.itemNames == [], "\(byNode.json.itemNames)")
        },
        APIServerCase("pages of a list are one consistent state") { api in
            for index in 0..<5 {
                _ = try await api.create(api.configMaps(), api.configMap("p\(index)", labels: ["l": "1"]))
            }
            let selector = ("labelSelector", "l=1")
            let first = try await api.get(api.configMaps(), [selector, ("limit", "2")])
            try expect(first.json.itemNames == ["p0", "p1"], "\(first.json.itemNames)")
            let token = first.json[path: "metadata", "continue"]?.string ?? ""
            try expect(!token.isEmpty, "no continue token")
            _ = try await api.create(api.configMaps(), api.configMap("p9", labels: ["l": "1"]))
            _ = try await api.call(.delete, api.configMaps("p3"))
            let second = try await api.get(api.configMaps(), [selector, ("limit", "10"), ("continue", token)])
            try expect(second.json.itemNames == ["p2", "p3", "p4"], "\(second.json.itemNames)")
            try expect(second.version == first.version, "the version changed between pages")
            try expect(second.json[path: "metadata", "continue"]?.string ?? "" == "", "a token after the last page")
        },
        APIServerCase("the rest of a list without selectors is counted") { api in
            for index in 0..<3 { _ = try await api.create(api.deployments(), api.deployment("d\(index)")) }
            let page = try await api.get(api.deployments(), [("limit", "1")])
            try expect(page.json[path: "metadata", "remainingItemCount"], is: 2)
        },
        APIServerCase("a version with a continue token is 400") { api in
            for index in 0..<2 { _ = try await api.create(api.deployments(), api.deployment("d\(index)")) }
            let page = try await api.get(api.deployments(), [("limit", "1")])
            let token = page.json[path: "metadata", "continue"]?.string ?? ""
            let answer = try await api.get(
                api.deployments(),
                [("limit", "1"), ("continue", token), ("resourceVersion", page.version)]
            )
            try expect(answer, 400, "BadRequest")
        },
        APIServerCase("a token that is none is 400") { api in
            try expect(
                try await api.get(api.deployments(), [("limit", "1"), ("continue", "nonsense")]),
                400,
                "BadRequest"
            )
        },
        APIServerCase("a list can be read as it was at a version") { api in
            let first = try await api.create(api.configMaps(), api.configMap("a", labels: ["l": "1"]))
            _ = try await api.patch(api.configMaps("a"), ["data": ["a": "2"]])
            _ = try await api.create(api.configMaps(), api.configMap("b", labels: ["l": "1"]))
            let list = try await api.get(
                api.configMaps(),
                [("labelSelector", "l=1"), ("resourceVersion", first.version), ("resourceVersionMatch", "Exact")]
            )
            try expect(list.json.itemNames == ["a"], "\(list.json.itemNames)")
            try expect(list.json["items"]?[0]?["data"], is: ["a": "1"])
            try expect(list.version == first.version, "version \(list.version)")
        },
        APIServerCase("a list not older than a version has at least that version") { api in
            let created = try await api.create(api.configMaps(), api.configMap("a"))
            let list = try await api.get(
                api.configMaps(),
                [("resourceVersion", created.version), ("resourceVersionMatch", "NotOlderThan")]
            )
            try expect(list.json.itemNames.contains("a"), "\(list.json.itemNames)")
        },
        APIServerCase("a match without a version is 422") { api in
            let answer = try await api.get(api.configMaps(), [("resourceVersionMatch", "Exact")])
            try expect(answer, 422, "Invalid")
        },
        APIServerCase("a version from the future is too large") { api in
            let answer = try await api.get(api.configMaps(), [("resourceVersion", "999999999")])
            try expect(answer, 504, "Timeout")
            try expect(answer.message.contains("Too large resource version"), answer.message)
            try expect(answer.json[path: "details", "causes"]?[0]?["reason"], is: "ResourceVersionTooLarge")
        },
        APIServerCase("a version that is no number is refused") { api in
            let answer = try await api.get(api.configMaps(), [("resourceVersion", "abc")])
            // 400, or in 1.20 a failure of its own.
            try expect(answer.status >= 400 && answer.message.contains("strconv.ParseUint"), answer.message)
        },
    ]

    static let watches: [APIServerCase] = [
        APIServerCase("a watch from a version tells every change since") { api in
            let first = try await api.create(api.configMaps(), api.configMap("a"))
            _ = try await api.patch(api.configMaps("a"), ["data": ["a": "2"]])
            _ = try await api.create(api.configMaps(), api.configMap("b"))
            _ = try await api.call(.delete, api.configMaps("a"))
            let events = try await api.watch(api.configMaps(), [("resourceVersion", first.version)]) { $0.count >= 3 }
            let told = events.map {
                "\($0["type"]?.string ?? "") \($0[path: "object", "metadata", "name"]?.string ?? "")"
            }
            try expect(told == ["MODIFIED a", "ADDED b", "DELETED a"], "\(told)")
            let versions = events.compactMap { $0[path: "object", "metadata", "resourceVersion"]?.string }
            try expect(Set(versions).count == 3, "\(versions)")
            try expect(events[0][path: "object", "kind"], is: "ConfigMap")
        },
        APIServerCase("a watch without a version starts with the present state") { api in
            _ = try await api.create(api.configMaps(), api.configMap("a", labels: ["l": "1"]))
            let events = try await api.watch(api.configMaps(), [("labelSelector", "l=1")]) { api in
                _ = try await api.create(api.configMaps(), api.configMap("b", labels: ["l": "1"]))
            } until: {
                $0.count >= 2
            }
            let told = events.prefix(2).map {
                "\($0["type"]?.string ?? "") \($0[path: "object", "metadata", "name"]?.string ?? "")"
            }
            try expect(told == ["ADDED a", "ADDED b"], "\(told)")
        },
        APIServerCase("an object that leaves the selection is reported as deleted") { api in
            let first = try await api.create(api.configMaps(), api.configMap("a", labels: ["l": "1"]))
            let changed = try await api.patch(api.configMaps("a"), ["metadata": ["labels": ["l": "2"]]])
            _ = try await api.patch(api.configMaps("a"), ["metadata": ["labels": ["l": "1"]]])
            let events = try await api.watch(
                api.configMaps(),
                [("resourceVersion", first.version), ("labelSelector", "l=1")]
            ) { $0.count >= 2 }
            try expect(events[0]["type"], is: "DELETED")
            try expect(events[0][path: "object", "metadata", "labels"], is: ["l": "1"])
            try expect(events[0][path: "object", "metadata", "resourceVersion"], is: .string(changed.version))
            try expect(events[1]["type"], is: "ADDED")
        },
        APIServerCase("a watch of one object sees only that one") { api in
            let first = try await api.create(api.configMaps(), api.configMap("a"))
            _ = try await api.create(api.configMaps(), api.configMap("b"))
            _ = try await api.patch(api.configMaps("a"), ["data": ["a": "2"]])
            let events = try await api.watch(
                api.configMaps(),
                [("resourceVersion", first.version), ("fieldSelector", "metadata.name=a")]
            ) { !$0.isEmpty }
            try expect(events[0][path: "object", "metadata", "name"], is: "a")
            try expect(events[0]["type"], is: "MODIFIED")
        },
        APIServerCase("a deletion event carries the last state under a version of its own") { api in
            let first = try await api.create(api.configMaps(), api.configMap("a"))
            _ = try await api.call(.delete, api.configMaps("a"))
            let events = try await api.watch(api.configMaps(), [("resourceVersion", first.version)]) { !$0.isEmpty }
            try expect(events[0]["type"], is: "DELETED")
            try expect(events[0][path: "object", "data"], is: ["a": "1"])
            try expect(
                events[0][path: "object", "metadata", "resourceVersion"]?.string != first.version,
                "the old version"
            )
        },
        APIServerCase("WatchList is refused with 422 before it existed", onCurrent: false) { api in
            let answer = try await api.get(
                api.configMaps(),
                [
                    ("watch", "true"), ("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan"),
                    ("allowWatchBookmarks", "true"),
                ]
            )
            try expect(answer, 422, "Invalid")
        },
        APIServerCase("WatchList sends the state and a bookmark that ends it", on1_20: false) { api in
            _ = try await api.create(api.deployments(), api.deployment("a"))
            let events = try await api.watch(
                api.deployments(),
                [
                    ("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan"),
                    ("allowWatchBookmarks", "true"),
                ]
            ) { $0.count >= 2 }
            try expect(events[0]["type"], is: "ADDED")
            try expect(events[1]["type"], is: "BOOKMARK")
            try expect(events[1][path: "object", "metadata", "annotations"], is: ["k8s.io/initial-events-end": "true"])
        },
        APIServerCase("sendInitialEvents without a match is 422", on1_20: false) { api in
            let answer = try await api.get(api.configMaps(), [("watch", "true"), ("sendInitialEvents", "true")])
            try expect(answer, 422, "Invalid")
        },
    ]
}
