/// How the simulated controllers and the simulated node behave.
public struct SimulationOptions: Sendable, Hashable {
    /// How long a Pod takes from its creation until it is ready.
    public var podStart: Duration
    /// How long a Pod takes to end once it was deleted.
    public var podStop: Duration
    /// How long the Pod of a Job runs until it succeeds.
    public var jobRun: Duration
    /// Images whose containers end with an error as soon as they start; a text that an image contains.
    public var crashingImages: [String]
    /// Images that cannot be pulled; a text that an image contains.
    public var missingImages: [String]
    /// How many Pods the node takes; nil for as many as come.
    public var podCapacity: Int?
    /// The address that every Pod gets; nil gives each its own out of 198.51.100.0/24 (RFC 5737, documentation).
    public var podAddress: String?
    /// The address that every LoadBalancer gets; nil gives each its own out of 192.0.2.0/24 (RFC 5737, documentation).
    public var loadBalancerAddress: String?
    /// Whether objects go with their owners, and terminating namespaces with what is in them.
    public var collectsGarbage: Bool
    /// What the nodes are: the values of `kubernetes.io/arch`.
    public var nodeArchitectures: [String]

    /// Options of their parts.
    public init(
        podStart: Duration = .seconds(2),
        podStop: Duration = .seconds(1),
        jobRun: Duration = .seconds(1),
        crashingImages: [String] = [],
        missingImages: [String] = [],
        podCapacity: Int? = nil,
        podAddress: String? = nil,
        loadBalancerAddress: String? = nil,
        collectsGarbage: Bool = true,
        nodeArchitectures: [String] = ["amd64"]
    ) {
        self.podStart = podStart
        self.podStop = podStop
        self.jobRun = jobRun
        self.crashingImages = crashingImages
        self.missingImages = missingImages
        self.podCapacity = podCapacity
        self.podAddress = podAddress
        self.loadBalancerAddress = loadBalancerAddress
        self.collectsGarbage = collectsGarbage
        self.nodeArchitectures = nodeArchitectures
    }
}
