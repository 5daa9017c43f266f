import HTTPTransport
import JSON
import ModelAppAPI
import ReleasePlanning

extension ResolutionFailure {
    /// The failure of a scan of the code half as the ModelApp with this spec reads it: with the path of its own field.
    init(code failure: ScanFailure, _ spec: ModelAppSpec) {
        let usesPullSecrets = spec.target.own?.template["spec"]?["imagePullSecrets"]?.array?.isEmpty == false
        let path: String? =
            switch failure.aspect {
            case nil: nil
            case .place, .endpoint: "spec.code.image"
            case .credentials where spec.code.auth?.secretRef != nil: "spec.code.auth.secretRef"
            case .credentials where usesPullSecrets: "spec.target.own.template.spec.imagePullSecrets"
            case .credentials: "spec.code.auth"
            case .trust: Self.trust(spec.code.tls, "spec.code.tls")
            }
        self.init(failure, path)
    }

    /// The same for the model half. A failure of the way to a store names the endpoint, which the address of a bucket
    /// does not tell.
    init(model failure: ScanFailure, _ model: ModelSource) {
        let (place, endpoint, path) = model.place
        let field: String? =
            switch failure.aspect {
            case nil: nil
            case .place: place
            case .endpoint: path
            case .credentials: model.auth?.secretRef == nil ? "spec.model.auth" : "spec.model.auth.secretRef"
            case .trust: Self.trust(model.tls, "spec.model.tls")
            }
        var failure = failure
        if failure.aspect != nil, let url = HTTPURL(endpoint), !failure.message.contains(url.authority) {
            failure.message += " (at \(url.origin))"
        }
        self.init(failure, field)
    }

    private init(_ failure: ScanFailure, _ path: String?) {
        let message = path.map { "\($0): \(failure.message)" } ?? failure.message
        self.init(failure.reason, message, isTerminal: failure.isTerminal)
    }

    private static func trust(_ tls: TLSOptions?, _ path: String) -> String {
        tls?.caSecretRef == nil ? path : "\(path).caSecretRef"
    }
}

extension ModelSource {
    /// The field that names the place, the address where it has one of its own, and the field that names the way there.
    fileprivate var place: (field: String, endpoint: String, endpointField: String) {
        if oci != nil { return ("spec.model.oci.repository", "", "spec.model.oci.repository") }
        if let mlflow { return ("spec.model.mlflow.model", mlflow.url, "spec.model.mlflow.url") }
        let kind = azureBlob != nil ? "azureBlob" : "s3"
        let endpoint = azureBlob?.endpoint ?? s3?.endpoint ?? ""
        let place = "spec.model.\(kind).\(azureBlob != nil ? "container" : "bucket")"
        return (place, endpoint, endpoint.isEmpty ? place : "spec.model.\(kind).endpoint")
    }
}
