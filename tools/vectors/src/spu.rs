//! The requests of an SPU.

use std::io;
use std::path::Path;
use std::time::Duration;

use fluvio_compression::Compression;
use fluvio_protocol::record::{Batch, RawRecords, Record, RecordSet};
use fluvio_smartmodule::dataplane::smartmodule::{Lookback, SmartModuleExtraParams};
use fluvio_spu_schema::fetch::{
    AbortedTransaction, FetchPartition, FetchRequest, FetchResponse, FetchablePartitionResponse, FetchableTopic,
    FetchableTopicResponse, ForgottenTopic,
};
use fluvio_spu_schema::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, ProduceResponse, TopicProduceData,
    TopicProduceResponse,
};
use fluvio_spu_schema::server::consumer_offset::{
    ConsumerOffset, DeleteConsumerOffsetRequest, DeleteConsumerOffsetResponse, FetchConsumerOffsetsRequest,
    FetchConsumerOffsetsResponse, FilterOpts, UpdateConsumerOffsetRequest, UpdateConsumerOffsetResponse,
};
use fluvio_spu_schema::server::fetch_offset::{
    FetchOffsetPartition, FetchOffsetPartitionResponse, FetchOffsetTopic, FetchOffsetTopicResponse,
    FetchOffsetsRequest, FetchOffsetsResponse,
};
use fluvio_spu_schema::server::mirror::{StartMirrorRequest, StartMirrorResponse};
use fluvio_spu_schema::server::smartmodule::{
    SmartModuleContextData, SmartModuleInvocation, SmartModuleInvocationWasm, SmartModuleKind,
};
use fluvio_spu_schema::server::stream_fetch::{StreamFetchRequest, StreamFetchResponse};
use fluvio_spu_schema::server::update_offset::{
    OffsetUpdate, OffsetUpdateStatus, UpdateOffsetsRequest, UpdateOffsetsResponse,
};
use fluvio_spu_schema::Isolation;
use serde_json::{json, Value};

use crate::picker::{bytes, string_map, Picker, Sample, KEYS};
use crate::show::{hex, Show};
use crate::write::{encode, Plain, Vectors};

/// Batches that have not been looked into.
type Raw = RecordSet<RawRecords>;

pub fn write(folder: &Path) -> io::Result<()> {
    let versions = 23..=25;

    let mut file = Vectors::new(folder, "spu_produce");
    file.add::<Plain<ProduceRequest<Raw>>>("SPU Produce request", 0..=25);
    file.add::<Plain<ProduceResponse>>("SPU Produce response", 0..=25);
    file.finish()?;

    let mut file = Vectors::new(folder, "spu_fetch");
    file.add::<Plain<FetchRequest<Raw>>>("SPU Fetch request", versions.clone());
    file.add_long::<Plain<FetchRequest<Raw>>>("SPU Fetch request", versions.clone());
    file.add::<Plain<FetchResponse<Raw>>>("SPU Fetch response", versions.clone());
    file.finish()?;

    let mut file = Vectors::new(folder, "spu_fetch_offsets");
    file.add::<Plain<FetchOffsetsRequest>>("SPU FetchOffsets request", versions.clone());
    file.add_long::<Plain<FetchOffsetsRequest>>("SPU FetchOffsets request", versions.clone());
    file.add::<Plain<FetchOffsetsResponse>>("SPU FetchOffsets response", versions.clone());
    file.finish()?;

    let mut file = Vectors::new(folder, "spu_stream_fetch");
    file.add::<Plain<StreamFetchRequest<Raw>>>("SPU StreamFetch request", versions.clone());
    file.add::<Plain<StreamFetchResponse<Raw>>>("SPU StreamFetch response", versions.clone());
    file.finish()?;

    let mut file = Vectors::new(folder, "spu_update_offsets");
    file.add::<Plain<UpdateOffsetsRequest>>("SPU UpdateOffsets request", 0..=0);
    file.add_long::<Plain<UpdateOffsetsRequest>>("SPU UpdateOffsets request", 0..=0);
    file.add::<Plain<UpdateOffsetsResponse>>("SPU UpdateOffsets response", 0..=0);
    file.finish()?;

    let mut file = Vectors::new(folder, "spu_consumer_offsets");
    file.add::<Plain<UpdateConsumerOffsetRequest>>("SPU UpdateConsumerOffset request", versions.clone());
    file.add::<Plain<UpdateConsumerOffsetResponse>>("SPU UpdateConsumerOffset response", versions.clone());
    file.add::<Plain<DeleteConsumerOffsetRequest>>("SPU DeleteConsumerOffset request", versions.clone());
    file.add::<Plain<DeleteConsumerOffsetResponse>>("SPU DeleteConsumerOffset response", versions.clone());
    file.add::<Plain<FetchConsumerOffsetsRequest>>("SPU FetchConsumerOffsets request", versions.clone());
    file.add::<Plain<FetchConsumerOffsetsResponse>>("SPU FetchConsumerOffsets response", versions.clone());
    file.finish()?;

    let mut file = Vectors::new(folder, "spu_start_mirror");
    file.add::<Plain<StartMirrorRequest>>("SPU StartMirror request", versions.clone());
    file.add::<Plain<StartMirrorResponse>>("SPU StartMirror response", versions);
    file.finish()
}

// Records, which stay closed here: batches have vectors of their own.

impl Sample for Raw {
    fn sample(p: &mut Picker) -> Self {
        Self { batches: p.list(batch) }
    }
}

fn batch(p: &mut Picker) -> Batch<RawRecords> {
    let mut batch = Batch::from(vec![Record::new("value"), Record::new_key_value("key", "")]);
    batch.base_offset = p.within("base_offset", i64::sample);
    batch.header.first_timestamp = 1_700_000_000_000;
    batch.header.max_time_stamp = 1_700_000_000_000;
    let compression = [Compression::None, Compression::Lz4][p.shape(2)];
    batch.header.set_compression(compression);
    batch.try_into().expect("a compressed batch")
}

impl Show for Raw {
    fn show(&self) -> Value {
        hex(&encode(self, 0)[4..])
    }
}

// Produce.

fields!(ProduceRequest<Raw> {
    transactional_id,
    isolation,
    timeout as timeout_ms by timeout, show_timeout,
    topics,
    smartmodules as smart_modules,
} + data);
fields!(TopicProduceData<Raw> { name, partitions } + data);
fields!(PartitionProduceData<Raw> { partition_index, records });
names!(Isolation { ReadUncommitted, ReadCommitted });
fields!(ProduceResponse { responses, throttle_time_ms });
fields!(TopicProduceResponse { name, partitions });
fields!(PartitionProduceResponse { partition_index, error_code, base_offset, log_append_time_ms, log_start_offset });

/// A number of milliseconds that fits an i32, as it must.
fn timeout(p: &mut Picker) -> Duration {
    Duration::from_millis(p.value(&[0, 1, 1500, i32::MAX as u64]))
}

fn show_timeout(timeout: &Duration) -> Value {
    json!(timeout.as_millis() as i32)
}

// SmartModules.

fields!(SmartModuleInvocation { wasm, kind, params, name });
variants!(SmartModuleInvocationWasm { Predefined(name), AdHoc(gzip by bytes, show_bytes) });
variants!(SmartModuleKind {
    Filter,
    Map,
    ArrayMap,
    Aggregate { accumulator by bytes, show_bytes },
    FilterMap,
    Join(topic),
    JoinStream { topic, derivedstream as derived_stream },
    Generic[context],
});
variants!(SmartModuleContextData {
    None,
    Aggregate { accumulator by bytes, show_bytes },
    Join(topic),
    JoinStream { topic, derivedstream as derived_stream },
});
fields!(Lookback { last, age });

fn show_bytes(bytes: &[u8]) -> Value {
    hex(bytes)
}

impl Sample for SmartModuleExtraParams {
    fn sample(p: &mut Picker) -> Self {
        Self::new(p.within("params", string_map), p.field("lookback"))
    }
}

/// Its map is private, but we know which keys there can be.
impl Show for SmartModuleExtraParams {
    fn show(&self) -> Value {
        let params: serde_json::Map<_, _> =
            KEYS.iter().filter_map(|&k| Some((k.to_owned(), json!(self.get(k)?)))).collect();
        json!({ "params": params, "lookback": self.lookback().cloned().show() })
    }
}

// Fetch and StreamFetch.

fields!(FetchRequest<Raw> { max_wait, min_bytes, max_bytes, isolation_level, topics, forgotten } + data);
fields!(FetchableTopic { name, fetch_partitions });
fields!(FetchPartition { partition_index, current_leader_epoch, fetch_offset, log_start_offset, max_bytes });
fields!(ForgottenTopic { name, forgotten_partition_indexes });
fields!(FetchResponse<Raw> { throttle_time_ms, error_code, session_id, topics });
fields!(FetchableTopicResponse<Raw> { name, partitions } + data);
fields!(FetchablePartitionResponse<Raw> {
    partition_index, error_code, high_watermark, next_filter_offset, log_start_offset, aborted, records,
});
fields!(AbortedTransaction { producer_id, first_offset });
fields!(StreamFetchResponse<Raw> { topic, stream_id, partition });

/// Its private fields have no bytes at the versions of the window.
impl Sample for StreamFetchRequest<Raw> {
    fn sample(p: &mut Picker) -> Self {
        let mut request = Self::default();
        request.topic = p.field("topic");
        request.partition = p.field("partition");
        request.fetch_offset = p.field("fetch_offset");
        request.max_bytes = p.field("max_bytes");
        request.isolation = p.field("isolation");
        request.smartmodules = p.field("smartmodules");
        request.consumer_id = p.field("consumer_id");
        request
    }
}

impl Show for StreamFetchRequest<Raw> {
    fn show(&self) -> Value {
        json!({
            "topic": self.topic,
            "partition": self.partition,
            "fetch_offset": self.fetch_offset,
            "max_bytes": self.max_bytes,
            "isolation": self.isolation.show(),
            "smart_modules": self.smartmodules.show(),
            "consumer_id": self.consumer_id,
        })
    }
}

// Offsets.

#[allow(deprecated)]
mod fetch_offsets {
    use super::*;

    fields!(FetchOffsetsRequest { topics, consumer_id });
}
fields!(FetchOffsetTopic { name, partitions });
fields!(FetchOffsetPartition { partition_index });
fields!(FetchOffsetsResponse { topics });
fields!(FetchOffsetTopicResponse { name, partitions });
fields!(FetchOffsetPartitionResponse { error_code, partition_index, start_offset, last_stable_offset });
fields!(UpdateOffsetsRequest { offsets });
fields!(OffsetUpdate { offset, session_id });
fields!(UpdateOffsetsResponse { status });
fields!(OffsetUpdateStatus { session_id, error as error_code });
fields!(UpdateConsumerOffsetRequest { offset, session_id });
fields!(UpdateConsumerOffsetResponse { offset, error_code });
fields!(DeleteConsumerOffsetRequest { replica_id, consumer_id });
fields!(DeleteConsumerOffsetResponse { error_code });
fields!(FetchConsumerOffsetsRequest { filter_opts as filter });
fields!(FilterOpts { replica_id, consumer_id });
fields!(FetchConsumerOffsetsResponse { error_code, consumers });
fields!(ConsumerOffset { consumer_id, replica_id, offset, modified_time });

// Mirroring.

fields!(StartMirrorRequest { remote_replica, remote_cluster_id });
fields!(StartMirrorResponse {});
