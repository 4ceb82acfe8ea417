//! Specs and statuses of the objects that an SC keeps.

use fluvio_controlplane_metadata::mirror::{
    ClientTls, ConnectionStat, ConnectionStatus, Home, MirrorPairStatus, MirrorSpec, MirrorStatus, MirrorType, Remote,
};
use fluvio_controlplane_metadata::partition::{
    HomePartitionConfig, PartitionMirrorConfig, PartitionResolution, PartitionSpec, PartitionStatus,
    RemotePartitionConfig, ReplicaStatus,
};
use fluvio_controlplane_metadata::smartmodule::{
    FluvioSemVersion, SmartModuleMetadata, SmartModulePackage, SmartModuleSpec, SmartModuleStatus,
    SmartModuleVisibility, SmartModuleWasm, SmartModuleWasmFormat, SmartModuleWasmSummary,
};
use fluvio_controlplane_metadata::spg::{
    EnvVar, ReplicationConfig, SpuConfig, SpuGroupSpec, SpuGroupStatus, SpuGroupStatusResolution, StorageConfig,
};
use fluvio_controlplane_metadata::spu::{
    CustomSpuKey, CustomSpuSpec, EncryptionEnum, Endpoint, IngressAddr, IngressPort, SpuSpec, SpuStatus,
    SpuStatusResolution, SpuType,
};
use fluvio_controlplane_metadata::tableformat::{
    Color, DataFormat, TableFormatAlignment, TableFormatColumnConfig, TableFormatSpec, TableFormatStatus,
    TableFormatStatusResolution,
};
use fluvio_controlplane_metadata::topic::{
    Bounds, CleanupPolicy, CompressionAlgorithm, Deduplication, Filter, HomeMirrorConfig, MirrorConfig, PartitionMap,
    PartitionMaps, RemoteMirrorConfig, ReplicaSpec, SegmentBasedPolicy, SpuMirrorConfig, TopicReplicaParam,
    TopicResolution, TopicSpec, TopicStatus, TopicStorageConfig, Transform,
};
use fluvio_protocol::bytes::Bytes;
use fluvio_protocol::ByteBuf;
use serde_json::{json, Value};

use crate::picker::{bytes, partition_map, string_map, text, Picker, Sample, KEYS};
use crate::show::{hex, Show};

// Topics.

impl Sample for TopicSpec {
    fn sample(p: &mut Picker) -> Self {
        let mut spec = TopicSpec::from(p.field::<ReplicaSpec>("replicas"));
        if let Some(policy) = p.field("cleanup_policy") {
            spec.set_cleanup_policy(policy);
        }
        if let Some(storage) = p.field("storage") {
            spec.set_storage(storage);
        }
        spec.set_compression_type(p.field("compression_type"));
        spec.set_deduplication(p.field("deduplication"));
        spec.set_system(p.field("system"));
        spec
    }
}

impl Show for TopicSpec {
    fn show(&self) -> Value {
        json!({
            "replicas": self.replicas().show(),
            "cleanup_policy": self.get_clean_policy().cloned().show(),
            "storage": self.get_storage().cloned().show(),
            "compression_type": self.get_compression_type().show(),
            "deduplication": self.get_deduplication().cloned().show(),
            "system": self.is_system(),
        })
    }
}

variants!(ReplicaSpec { Assigned[maps], Computed[param], Mirror[inner] });

impl Sample for PartitionMaps {
    fn sample(p: &mut Picker) -> Self {
        p.field::<Vec<PartitionMap>>("maps").into()
    }
}

impl Show for PartitionMaps {
    fn show(&self) -> Value {
        json!({ "partitions": self.maps().show() })
    }
}

fields!(PartitionMap { id, replicas, mirror });
fields!(TopicReplicaParam { partitions, replication_factor, ignore_rack_assignment });
variants!(MirrorConfig { Remote[remote], Home[home] });
fields!(RemoteMirrorConfig { home_cluster, home_spus, target });
fields!(SpuMirrorConfig { id, key, endpoint });

impl Sample for HomeMirrorConfig {
    fn sample(p: &mut Picker) -> Self {
        let mut config = HomeMirrorConfig::from(p.field::<Vec<HomePartitionConfig>>("partitions"));
        config.set_home_to_remote(p.field("source"));
        config
    }
}

impl Show for HomeMirrorConfig {
    fn show(&self) -> Value {
        json!({ "partitions": self.partitions().show(), "source": self.source })
    }
}

variants!(CleanupPolicy { Segment[policy] });
fields!(SegmentBasedPolicy { time_in_seconds });
fields!(TopicStorageConfig { segment_size, max_partition_size });
names!(CompressionAlgorithm { None, Gzip, Snappy, Lz4, Any, Zstd });
fields!(Deduplication { bounds, filter });
fields!(Bounds { count, age });
fields!(Filter { transform });
fields!(Transform { uses, with by string_map, Show::show });
fields!(TopicStatus {
    resolution,
    replica_map by partition_map, Show::show,
    mirror_map by partition_map, Show::show,
    reason,
});
names!(TopicResolution { Init, Pending, InsufficientResources, InvalidConfig, Provisioned, Deleting });

// Partitions.

fields!(PartitionSpec { leader, replicas, cleanup_policy, storage, compression_type, deduplication, system, mirror });
variants!(PartitionMirrorConfig { Remote[remote], Home[home] });
fields!(RemotePartitionConfig { home_cluster, home_spu_key, home_spu_id, home_spu_endpoint, target });
fields!(HomePartitionConfig { remote_cluster, remote_replica, source });
fields!(PartitionStatus { resolution, leader, lsr, replicas, size, is_being_deleted, base_offset });
names!(PartitionResolution { Offline, Online, LeaderOffline, ElectionLeaderFound, OutOfStorage });
fields!(ReplicaStatus { spu, hw, leo });

// SPUs.

fields!(SpuSpec { id, spu_type, public_endpoint, private_endpoint, rack, public_endpoint_local });
fields!(CustomSpuSpec { id, public_endpoint, private_endpoint, rack, public_endpoint_local });
names!(SpuType { Managed, Custom });
fields!(IngressPort { port, ingress, encryption });
fields!(IngressAddr { hostname, ip });
fields!(Endpoint { port, host by text, Show::show, encryption });
names!(EncryptionEnum { PLAINTEXT as Plaintext, SSL as Ssl });
fields!(SpuStatus { resolution });
names!(SpuStatusResolution { Online, Offline, Init });

impl Sample for CustomSpuKey {
    fn sample(p: &mut Picker) -> Self {
        match p.shape(2) {
            0 => Self::Name(p.field("name")),
            _ => Self::Id(p.field("id")),
        }
    }
}

impl Show for CustomSpuKey {
    fn show(&self) -> Value {
        match self {
            Self::Name(name) => json!({ "name": name, "id": 0, "by_id": false }),
            Self::Id(id) => json!({ "name": "", "id": id, "by_id": true }),
        }
    }
}

// Groups of SPUs.

fields!(SpuGroupSpec { replicas, min_id, spu_config });
fields!(SpuConfig { rack, replication, storage, env });
fields!(ReplicationConfig { in_sync_replica_min });
fields!(StorageConfig { log_dir, size });
fields!(EnvVar { name, value });
fields!(SpuGroupStatus { resolution, reason });
names!(SpuGroupStatusResolution { Init, Invalid, Reserved });

// SmartModules.

fields!(SmartModuleSpec { meta, summary, wasm });
fields!(SmartModuleWasmSummary { wasm_length });
fields!(SmartModuleWasm { format, payload });
names!(SmartModuleWasmFormat { Binary, Text });
fields!(SmartModulePackage { name, group, version, api_version, description, license, visibility, repository });
names!(SmartModuleVisibility { Private, Public });

/// The types of its parameters have no public name.
impl Sample for SmartModuleMetadata {
    fn sample(p: &mut Picker) -> Self {
        let mut meta = Self { package: p.field("package"), ..Default::default() };
        let params = p.within("params", string_map::<(Option<String>, bool)>);
        for (name, (description, optional)) in params {
            meta.params.insert_param(name.clone(), Default::default());
            let mut param = meta.params.get_param(&name).expect("inserted").clone();
            (param.description, param.optional) = (description, optional);
            meta.params.insert_param(name, param);
        }
        meta
    }
}

impl Sample for (Option<String>, bool) {
    fn sample(p: &mut Picker) -> Self {
        (p.field("description"), p.field("optional"))
    }
}

/// The map of parameters is private, but we know which keys there can be.
impl Show for SmartModuleMetadata {
    fn show(&self) -> Value {
        let param = |key: &str| {
            let param = self.params.get_param(key)?;
            Some(json!({ "description": param.description, "optional": param.optional }))
        };
        let params: serde_json::Map<_, _> = KEYS.iter().filter_map(|&k| Some((k.to_owned(), param(k)?))).collect();
        json!({ "package": self.package.show(), "params": params })
    }
}

impl Sample for ByteBuf {
    fn sample(p: &mut Picker) -> Self {
        Bytes::from(bytes(p)).into()
    }
}

impl Show for ByteBuf {
    fn show(&self) -> Value {
        hex(self)
    }
}

impl Sample for FluvioSemVersion {
    fn sample(p: &mut Picker) -> Self {
        Self::parse(p.value(&["0.1.0", "0.0.0", "1.2.3-beta.4+build.5"])).expect("a version")
    }
}

impl Show for FluvioSemVersion {
    fn show(&self) -> Value {
        json!(self.to_string())
    }
}

impl Sample for SmartModuleStatus {
    fn sample(_: &mut Picker) -> Self {
        Self
    }
}

impl Show for SmartModuleStatus {
    fn show(&self) -> Value {
        json!({})
    }
}

// Table formats.

fields!(TableFormatSpec { name, input_format, columns, smartmodule });
names!(DataFormat { JSON as Json });
fields!(TableFormatColumnConfig {
    header_label,
    width,
    alignment,
    key_path,
    format,
    display,
    primary_key,
    header_bg_color,
    header_text_color,
});
names!(TableFormatAlignment { Left, Right, Center });
names!(Color { Blue, Yellow, Green });
fields!(TableFormatStatus { resolution, reason });
names!(TableFormatStatusResolution { Init, Invalid, Running, Pending, Failed });

// Mirrors. Here a spec is the union itself.

impl Sample for MirrorSpec {
    fn sample(p: &mut Picker) -> Self {
        Self { mirror_type: p.field("mirror_type") }
    }
}

impl Show for MirrorSpec {
    fn show(&self) -> Value {
        self.mirror_type.show()
    }
}

variants!(MirrorType { Remote[remote], Home[home] });
fields!(Remote { id });
fields!(Home { id, remote_id, public_endpoint, client_tls });
fields!(ClientTls { domain, ca_cert, client_cert, client_key });
fields!(MirrorStatus { connection_status, pairing_sc, pairing_spu, connection_stat });
names!(ConnectionStatus { Offline, Online });
variants!(MirrorPairStatus { Waiting, Successful, Failed, Disabled, Unauthorized, DetailFailure(reason) });
fields!(ConnectionStat { last_seen });
