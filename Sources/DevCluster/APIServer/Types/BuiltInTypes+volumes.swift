extension BuiltInTypes {
    /// The types of volumes.
    static let volumes = """
        AWSElasticBlockStoreVolumeSource fsType:str? partition:int? readOnly:bool? volumeID:str
        AzureDiskVolumeSource cachingMode:str diskName:str diskURI:str fsType:str kind:str readOnly:bool
        AzureFileVolumeSource readOnly:bool? secretName:str shareName:str
        CephFSVolumeSource monitors:[str]{} path:str? readOnly:bool? secretFile:str? secretRef:LocalObjectReference
          user:str?
        CinderVolumeSource fsType:str? readOnly:bool? secretRef:LocalObjectReference volumeID:str
        ConfigMapVolumeSource defaultMode:int +defaultUser:int items:[KeyToPath]? name:str? optional:bool
        KeyToPath key:str mode:int path:str +user:int
        CSIVolumeSource driver:str fsType:str nodePublishSecretRef:LocalObjectReference readOnly:bool
          volumeAttributes:{str}?
        DownwardAPIVolumeSource defaultMode:int +defaultUser:int items:[DownwardAPIVolumeFile]?
        DownwardAPIVolumeFile fieldRef:ObjectFieldSelector mode:int path:str resourceFieldRef:ResourceFieldSelector
          +user:int
        EmptyDirVolumeSource medium:str? +mode:int sizeLimit:qty
        EphemeralVolumeSource readOnly:bool? volumeClaimTemplate:PersistentVolumeClaimTemplate
        PersistentVolumeClaimTemplate metadata:ObjectMeta{} spec:PersistentVolumeClaimSpec{}
        PersistentVolumeClaimSpec accessModes:[str]? dataSource:TypedLocalObjectReference
          +dataSourceRef:TypedObjectReference resources:ResourceRequirements{} selector:LabelSelector
          storageClassName:str +volumeAttributesClassName:str volumeMode:str volumeName:str?
        TypedLocalObjectReference!+ apiGroup:str kind:str name:str
        FCVolumeSource fsType:str? lun:int readOnly:bool? targetWWNs:[str]? wwids:[str]?
        FlexVolumeSource driver:str fsType:str? options:{str}? readOnly:bool? secretRef:LocalObjectReference
        FlockerVolumeSource datasetName:str? datasetUUID:str?
        GCEPersistentDiskVolumeSource fsType:str? partition:int? pdName:str readOnly:bool?
        GitRepoVolumeSource directory:str? repository:str revision:str?
        GlusterfsVolumeSource endpoints:str path:str readOnly:bool?
        HostPathVolumeSource path:str type:str
        ISCSIVolumeSource chapAuthDiscovery:bool? chapAuthSession:bool? fsType:str? initiatorName:str iqn:str
          iscsiInterface:str? lun:int portals:[str]? readOnly:bool? secretRef:LocalObjectReference targetPortal:str
        NFSVolumeSource path:str readOnly:bool? server:str
        PersistentVolumeClaimVolumeSource claimName:str readOnly:bool?
        PhotonPersistentDiskVolumeSource fsType:str? pdID:str
        PortworxVolumeSource fsType:str? readOnly:bool? volumeID:str
        ProjectedVolumeSource defaultMode:int +defaultUser:int sources:[VolumeProjection]{}
        VolumeProjection +clusterTrustBundle:ClusterTrustBundleProjection configMap:ConfigMapProjection
          downwardAPI:DownwardAPIProjection +podCertificate:PodCertificateProjection secret:SecretProjection
          serviceAccountToken:ServiceAccountTokenProjection
        ConfigMapProjection items:[KeyToPath]? name:str? optional:bool
        DownwardAPIProjection items:[DownwardAPIVolumeFile]?
        SecretProjection items:[KeyToPath]? name:str? optional:bool
        ServiceAccountTokenProjection audience:str? expirationSeconds:int path:str +user:int
        QuobyteVolumeSource group:str? readOnly:bool? registry:str tenant:str? user:str? volume:str
        RBDVolumeSource fsType:str? image:str keyring:str? monitors:[str]{} pool:str? readOnly:bool?
          secretRef:LocalObjectReference user:str?
        ScaleIOVolumeSource fsType:str? gateway:str protectionDomain:str? readOnly:bool?
          secretRef:LocalObjectReference sslEnabled:bool? storageMode:str? storagePool:str? system:str volumeName:str?
        SecretVolumeSource defaultMode:int +defaultUser:int items:[KeyToPath]? optional:bool secretName:str?
        StorageOSVolumeSource fsType:str? readOnly:bool? secretRef:LocalObjectReference volumeName:str?
          volumeNamespace:str?
        VsphereVirtualDiskVolumeSource fsType:str? storagePolicyID:str? storagePolicyName:str? volumePath:str
        """
}
