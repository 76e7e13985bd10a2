#include "serve/predict/answered_run.h"

namespace slipway::serve {

void CountEncoding(const AnsweredRun& run, MonotonicTime now) {
  run.model->counters().RecordEncoding(now - run.ended);
}

void TellRun(const AnsweredRun& run, MonotonicTime now, telemetry::RequestEvent& event) {
  const ServedModel& model = *run.model;
  event.model = model->name;
  event.version = model->version;
  event.batch_rows = run.run.rows;
  event.is_cached = run.run.is_cached;
  event.queue = run.times.queue;
  event.batch = run.times.batch;
  event.compute = run.times.compute;
  event.encode = now - run.ended;
  if (event.request_id.empty()) event.request_id = run.request_id;
}

}  // namespace slipway::serve
