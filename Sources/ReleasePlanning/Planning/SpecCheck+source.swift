import Artifacts
import KubernetesAPI
import ModelAppAPI

/// What is wrong with the way a model is looked for in its kind of source.
extension SpecCheck {
    static func sourceProblems(_ model: ModelSource) -> [FieldProblem] {
        if model.oci != nil { return artifactProblems(model) }
        if let mlflow = model.mlflow { return registryProblems(model, mlflow) }
        guard model.azureBlob != nil || model.s3 != nil else { return [] }
        let ways = [model.versions != nil, model.pointer != nil, !model.objects.isEmpty].filter { $0 }.count
        let problem = "exactly one of versions, pointer, objects is needed with a blob store"
        return (ways == 1 ? [] : [FieldProblem("spec.model", problem)]) + schemeProblems(model) + globProblems(model)
    }

    /// Globs choose among the files of a folder; fixed names are all there is.
    private static func globProblems(_ model: ModelSource) -> [FieldProblem] {
        guard !model.objects.isEmpty else { return [] }
        return [("includeFiles", model.includeFiles), ("excludeFiles", model.excludeFiles)].filter { !$0.1.isEmpty }.map
        {
            FieldProblem(
                "spec.model.\($0.0)",
                "chooses among files of a folder; spec.model.objects are named one by one"
            )
        }
    }

    private static func artifactProblems(_ model: ModelSource) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        if model.versions == nil {
            problems.append(
                FieldProblem("spec.model.versions", "is required with oci: it says which tag is the latest")
            )
        }
        for (path, isSet) in [("pointer", model.pointer != nil), ("objects", !model.objects.isEmpty)] where isSet {
            problems.append(
                FieldProblem("spec.model.\(path)", "is for blob stores; an artifact's versions are its tags")
            )
        }
        if model.complete != nil {
            let message = "is for blob stores; an artifact is complete once its manifest is pushed"
            problems.append(FieldProblem("spec.model.complete", message))
        }
        return problems
    }

    private static func registryProblems(_ model: ModelSource, _ mlflow: MLflowSource) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        if !mlflow.url.hasPrefix("https://"), !mlflow.url.hasPrefix("http://") {
            let message = "must begin with https:// or http://, not \"\(mlflow.url.clipped)\""
            problems.append(FieldProblem("spec.model.mlflow.url", message))
        }
        let ways = [
            ("versions", model.versions != nil), ("pointer", model.pointer != nil), ("objects", !model.objects.isEmpty),
        ]
        for (path, isSet) in ways where isSet {
            let message = "is for other sources; with mlflow the alias says which version is the latest"
            problems.append(FieldProblem("spec.model.\(path)", message))
        }
        for (path, isSet) in [("marker", model.complete?.marker != nil), ("settle", model.complete?.settle != nil)]
        where isSet {
            let message = "is for blob stores; a version of a registered model is complete once it is READY"
            problems.append(FieldProblem("spec.model.complete.\(path)", message))
        }
        if model.auth?.identity != nil {
            let message =
                "opens no MLflow server; name a Secret with MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and "
                + "MLFLOW_TRACKING_PASSWORD, in spec.model.auth.secretRef"
            problems.append(FieldProblem("spec.model.auth.identity", message))
        }
        return problems
    }

    /// Plain HTTP is spoken where the endpoint says so; the option asks for the same and must not say otherwise.
    private static func schemeProblems(_ model: ModelSource) -> [FieldProblem] {
        guard model.tls?.plainHTTP == true else { return [] }
        let endpoint = model.azureBlob?.endpoint ?? model.s3?.endpoint ?? ""
        guard !endpoint.lowercased().hasPrefix("http://") else { return [] }
        let kind = model.azureBlob != nil ? "azureBlob" : "s3"
        let message = "needs spec.model.\(kind).endpoint to start with http://"
        return [FieldProblem("spec.model.tls.plainHTTP", message)]
    }
}
