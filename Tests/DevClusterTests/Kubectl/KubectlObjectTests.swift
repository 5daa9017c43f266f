import DevCluster
import Foundation
import JSON
import TestSupport
import Testing

/// kubectl, unchanged, creating and reading objects of the built-in kinds.
@Suite("kubectl with built-in kinds", .timeLimit(.minutes(5)), .enabled(if: !Kubectl.programs.isEmpty, "no kubectl"))
struct KubectlObjectTests {
    /// Whether everything that `part` says is in `whole` as well. Empty values say nothing: servers leave them out.
    private func holds(_ whole: JSONValue?, _ part: JSONValue) -> Bool {
        if part.isNull || part == "" || part == [:] || part == [] { return true }
        if let members = part.object {
            return members.allSatisfy { holds(whole?[$0.key], $0.value) }
        }
        if let elements = part.array {
            let others = whole?.array ?? []
            return others.count == elements.count && zip(others, elements).allSatisfy { holds($0, $1) }
        }
        return whole == part
    }

    /// Recent versions send these as protobuf. What they would send as JSON is what has to be stored.
    @Test(arguments: Kubectl.programs)
    func whatIsCreatedFromFlagsIsStoredAsPrinted(program: String) async throws {
        let commands = [
            "create namespace n1",
            "create configmap c1 --from-literal=a=1 --from-literal=b=two",
            "create secret generic s1 --from-literal=password=p%ss",
            "create serviceaccount a1",
            "create deployment d1 --image=nginx:1",
            "create service clusterip v1 --tcp=80:8080",
            "create service loadbalancer v2 --tcp=5678:http",
            "create role r1 --verb=get,list --resource=pods,deployments.apps --resource-name=x",
            "create rolebinding b1 --role=r1 --serviceaccount=default:a1 --user=jane",
            "create clusterrole r2 --verb=get --non-resource-url=/healthz",
            "create clusterrolebinding b2 --clusterrole=r2 --group=devs",
            "run p1 --image=busybox --restart=Never --env=A=b --labels=x=y --port=80 --command -- sleep 1",
        ]
        try await KubectlCluster.run(program) { kubectl in
            for command in commands {
                let words = command.split(separator: " ").map(String.init)
                let flagsEnd = words.firstIndex(of: "--") ?? words.count
                let dry = Array(words[..<flagsEnd]) + ["--dry-run=client", "-o", "json"] + Array(words[flagsEnd...])
                let environment = ["KUBECONFIG": kubectl.folder.path + "/kubeconfig", "HOME": kubectl.folder.path]
                let printed = try JSONValue(
                    parsing: try await kubectl.program.succeed(dry, environment: environment)
                )
                _ = try await kubectl.program.succeed(words, environment: environment)
                let kind = try #require(printed["kind"]?.string)
                let name = try #require(printed[path: "metadata", "name"]?.string)
                let stored = try await kubectl.json("get", kind, name)
                #expect(holds(stored, printed), "\(command)\n\(printed.prettyText)\n\(stored.prettyText)")
            }
        }
    }

    @Test(arguments: Kubectl.programs)
    func deploymentsRollOutAndBack(program: String) async throws {
        try await KubectlCluster.run(program) { kubectl in
            try await kubectl("create", "deployment", "web", "--image=nginx:1")
            #expect(try await kubectl("rollout", "status", "deploy/web", "--timeout=10s").contains("successfully"))
            try await kubectl("set", "image", "deploy/web", "nginx=nginx:2")
            #expect(try await kubectl("rollout", "status", "deploy/web", "--timeout=10s").contains("successfully"))
            let history = try await kubectl("rollout", "history", "deploy/web")
            #expect(history.contains("1 ") && history.contains("2 "))
            #expect(try await kubectl("rollout", "history", "deploy/web", "--revision=1").contains("nginx:1"))
            try await kubectl("rollout", "undo", "deploy/web")
            try await kubectl("rollout", "status", "deploy/web", "--timeout=10s")
            let image = "-o=jsonpath={.spec.template.spec.containers[0].image}"
            #expect(try await kubectl("get", "deploy", "web", image) == "nginx:1")
            try await kubectl("scale", "deploy/web", "--replicas=3")
            try await kubectl("rollout", "status", "deploy/web", "--timeout=10s")
            try await kubectl("wait", "--for=condition=Available", "deploy/web", "--timeout=10s")
            #expect(try await kubectl("get", "deploy", "web").contains("3/3"))
            try await kubectl("rollout", "restart", "deploy/web")
            try await kubectl("rollout", "status", "deploy/web", "--timeout=10s")
            try await kubectl("rollout", "pause", "deploy/web")
            #expect(try await kubectl.json("get", "deploy", "web")[path: "spec", "paused"] == true)
            try await kubectl("rollout", "resume", "deploy/web")
            // The flag's name changed, and recent versions ask for a target.
            let help = try await kubectl("autoscale", "--help")
            let target = help.contains("--cpu=") ? "--cpu=80%" : "--cpu-percent=80"
            try await kubectl("autoscale", "deploy/web", "--min=1", "--max=4", target)
            #expect(try await kubectl.json("get", "hpa", "web")[path: "spec", "maxReplicas"] == 4)
            let described = try await kubectl("describe", "deploy", "web")
            #expect(described.contains("nginx:1") && described.contains("NewReplicaSet"))
        }
    }

    @Test(arguments: Kubectl.programs)
    func whatAnOwnerLeavesBehindIsCollected(program: String) async throws {
        try await KubectlCluster.run(program) { kubectl in
            try await kubectl("create", "deployment", "web", "--image=nginx")
            try await kubectl("rollout", "status", "deploy/web", "--timeout=10s")
            try await kubectl("delete", "deploy", "web", "--wait", "--timeout=10s")
            try await kubectl.eventually("replica sets and pods are gone") {
                try await kubectl("get", "rs,pods", "--no-headers").contains("No resources found")
            }
        }
    }

    @Test(arguments: Kubectl.programs)
    func aLoadBalancerGetsAnAddress(program: String) async throws {
        try await KubectlCluster.run(program) { kubectl in
            try await kubectl("create", "deployment", "web", "--image=nginx")
            try await kubectl("expose", "deploy", "web", "--port=80", "--type=LoadBalancer")
            try await kubectl.eventually("the Service has an address") {
                try await kubectl("get", "service", "web").contains("192.0.2.")
            }
            let described = try await kubectl("describe", "service", "web")
            #expect(described.contains("LoadBalancer Ingress:") && described.contains("192.0.2."))
        }
    }

    @Test(arguments: Kubectl.programs)
    func eventsAreListedAndDescribed(program: String) async throws {
        let event = """
            apiVersion: v1
            kind: Event
            metadata: {name: web.1, namespace: default}
            involvedObject: {apiVersion: apps/v1, kind: Deployment, name: web, namespace: default, uid: UID}
            type: Warning
            reason: Tested
            message: something was tested
            count: 3
            firstTimestamp: "2026-01-01T00:00:00Z"
            lastTimestamp: "2026-01-01T00:00:00Z"
            source: {component: test}
            """
        try await KubectlCluster.run(program) { kubectl in
            try await kubectl("create", "deployment", "web", "--image=nginx")
            let uid = try await kubectl("get", "deploy", "web", "-o=jsonpath={.metadata.uid}")
            try await kubectl("create", "-f", try kubectl.file(event.replacing("UID", with: uid)))
            let listed = try await kubectl("get", "events")
            #expect(listed.contains("Tested") && listed.contains("something was tested"))
            #expect(try await kubectl("describe", "deploy", "web").contains("something was tested"))
        }
    }

    @Test(arguments: Kubectl.programs)
    func whatOnlyRealNodesCanDoIsRefusedWithAReason(program: String) async throws {
        try await KubectlCluster.run(program) { kubectl in
            try await kubectl("run", "p1", "--image=busybox")
            try await kubectl("wait", "--for=condition=Ready", "pod/p1", "--timeout=10s")
            for result in [
                try await kubectl.run("logs", "p1"),
                try await kubectl.run("exec", "p1", "--", "ls"),
                try await kubectl.run("port-forward", "pod/p1", "18080:80"),
                try await kubectl.run("attach", "p1"),
            ] {
                #expect(result.status == 1)
                #expect(result.output.contains("are simulated"), "\(result.output)")
            }
            let top = try await kubectl.run("top", "pods")
            #expect(top.status == 1 && top.output.contains("Metrics API not available"))
            let unknown = try await kubectl.run("get", "nosuch")
            #expect(unknown.status == 1 && unknown.output.contains("the server doesn't have a resource type"))
            let missing = try await kubectl.run("get", "deploy", "nosuch")
            #expect(missing.status == 1 && missing.output.contains("\"nosuch\" not found"))
        }
    }

    @Test(arguments: Kubectl.programs)
    func accessIsAnswered(program: String) async throws {
        try await KubectlCluster.run(program) { kubectl in
            #expect(try await kubectl("auth", "can-i", "create", "deployments").contains("yes"))
            let list = try await kubectl("auth", "can-i", "--list")
            #expect(list.contains("*.*") && list.contains("[*]"))
            let no = try await kubectl.run("--context=reader", "auth", "can-i", "delete", "pods")
            #expect(no.status == 1 && no.output.contains("no"))
            let refused = try await kubectl.run("--context=reader", "create", "namespace", "n1")
            #expect(refused.status == 1 && refused.output.contains("forbidden"))
        }
    }

    @Test(arguments: Kubectl.programs)
    func theServerDescribesItself(program: String) async throws {
        try await KubectlCluster.run(program) { kubectl in
            let resources = try await kubectl("api-resources")
            for kind in ["Deployment", "Service", "ConfigMap", "Lease", "CustomResourceDefinition", "Role"] {
                #expect(resources.contains(kind))
            }
            #expect(try await kubectl("api-versions").contains("apps/v1"))
            #expect(try await kubectl("version").contains("v1.36"))
            #expect(try await kubectl("cluster-info").contains("127.0.0.1"))
            #expect(try await kubectl("get", "--raw", "/healthz") == "ok")
            #expect(try await kubectl("get", "nodes").contains("Ready"))
            #expect(try await kubectl("get", "namespaces").contains("kube-system"))
        }
    }
}
