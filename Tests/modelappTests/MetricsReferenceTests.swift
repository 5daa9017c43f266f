import DevCluster
import Foundation
import HTTPTransport
import KubernetesAPI
import KubernetesClient
import KubernetesRuntime
import Logging
import Metrics
import ModelAppController
import TestSupport
import Testing

@testable import OperatorServer
@testable import modelapp

/// The catalog, the page and a running operator agree on the metrics.
@Suite struct MetricsReferenceTests {
    /// What a whole operator exports before it has done anything.
    private func registry() throws -> MetricsRegistry {
        let registry = MetricsRegistry()
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let transport = MeasuredTransport(
            InProcessTransport(to: DevAPIServer(time: .system)),
            host: "kubernetes.test",
            metrics: registry
        )
        let client = Client(
            transport: transport,
            configuration: ClusterConfiguration(server: HTTPURL(scheme: "https", host: "kubernetes.test")),
            time: .system,
            logger: quiet
        )
        let recorder = EventRecorder(
            controller: "c",
            instance: "i",
            client: client,
            fieldManager: ModelAppReconciler.fieldManager,
            time: .system,
            random: { 0 },
            metrics: registry,
            metricPrefix: "modelapp_",
            logger: quiet
        )
        let elector = try LeaderElector(
            lease: .init(namespace: "n", name: "l"),
            identity: "i",
            client: client,
            fieldManager: ModelAppReconciler.fieldManager,
            time: .system,
            random: { 0 },
            metrics: registry,
            logger: quiet
        )
        let parts = Operator(
            client: client,
            access: SourceAccess(transport: { _ in transport }, allowedEndpoints: [], random: { 0 }),
            checks: CheckAccess(pods: transport),
            options: .init(),
            time: .system,
            random: { 0 },
            recorder: recorder,
            elector: elector,
            metrics: registry,
            logger: quiet
        )
        OperatorProcess(
            parts: parts,
            recorder: recorder,
            elector: elector,
            registry: registry,
            healthAddress: nil,
            metricsAddress: nil,
            webhookAddress: nil,
            logger: quiet
        ).showFigures()
        return registry
    }

    @Test func everyMetricIsThereFromTheStartAndDescribed() throws {
        let families = try registry().contents
        #expect(families.map(\.description) == MetricCatalog.all)
        for family in families {
            for labels in family.series.keys {
                #expect(labels.pairs.map { $0[0] } == family.description.labels.sorted(), "\(family.description.name)")
            }
        }
    }

    @Test func namesFollowTheRulesOfPrometheus() {
        for metric in MetricCatalog.all {
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
            #expect(metric.kind != .histogram || metric.name.hasSuffix("_seconds"), "\(metric.name)")
            #expect(metric.buckets == metric.buckets.sorted() && metric.buckets.isEmpty == (metric.kind != .histogram))
            #expect(metric.help.hasSuffix("."))
        }
        #expect(Set(MetricCatalog.all.map(\.name)).count == MetricCatalog.all.count)
    }

    @Test func thePageListsEveryMetricAndNothingElse() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/reference/metrics.md"), encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
        let expected = MetricCatalog.all.map { metric in
            let labels = metric.labels.isEmpty ? "–" : metric.labels.map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |"
        }
        #expect(rows == expected)
    }

    @Test(.enabled(if: PythonOracle.isAvailable)) func prometheusOwnParserReadsTheTextAsMeant() throws {
        let registry = try registry()
        let odd = Counter(label: "odd_total", dimensions: [("text", "a\"b\\c\nd{}=,ü")], factory: registry)
        odd.increment(by: 3)
        Metrics.Timer(
            label: "workqueue_work_duration_seconds",
            dimensions: [("name", "modelapp")],
            factory: registry
        ).recordMilliseconds(5)
        let oracle = PythonOracle(
            """
            import json, sys
            from prometheus_client.parser import text_string_to_metric_families
            text = json.load(open(sys.argv[1]))["text"]
            answer = {}
            for family in text_string_to_metric_families(text):
                samples = [[s.name, s.labels, float(s.value)] for s in family.samples]
                for sample in samples:
                    key = sample[0] + json.dumps(sample[1], sort_keys=True, ensure_ascii=False)
                    assert key not in answer, key
                    answer[key] = [family.type, str(sample[2])]
            json.dump(answer, open(sys.argv[2], "w"))
            """
        )
        let answer = try oracle.ask(["text": registry.text], [String: [String]].self)
        #expect(answer["odd_total{\"text\": \"a\\\"b\\\\c\\nd{}=,ü\"}"] == ["counter", "3.0"])
        #expect(answer["workqueue_work_duration_seconds_count{\"name\": \"modelapp\"}"] == ["histogram", "1.0"])
        #expect(
            answer["workqueue_work_duration_seconds_bucket{\"le\": \"0.01\", \"name\": \"modelapp\"}"]
                == ["histogram", "1.0"]
        )
        #expect(answer["modelapp_build_info{\"version\": \"\(Version.text)\"}"] == ["gauge", "1.0"])
        let lines = registry.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(answer.count == lines.count)
    }
}
