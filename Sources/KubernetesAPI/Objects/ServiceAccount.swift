/// A ServiceAccount as far as this project reads it.
public struct ServiceAccount: KubernetesObject {
    /// Where ServiceAccounts live.
    public static let resource = APIResource(
        group: "",
        version: "v1",
        kind: "ServiceAccount",
        plural: "serviceaccounts"
    )
    /// What ServiceAccount is.
    public static let summary = "An identity of pods."
    /// The metadata.
    public var metadata = ObjectMeta()

    /// An empty ServiceAccount.
    public init() {}

    /// The members.
    public static let fields = FieldTable<ServiceAccount>([.field("metadata", \.metadata, "The metadata.")])
}
