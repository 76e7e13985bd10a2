#include "serve/grpc/proto_message.h"

#include <google/protobuf/stubs/logging.h>

namespace slipway::serve::grpc {

void SilenceProtobuf() { google::protobuf::SetLogHandler(nullptr); }

}  // namespace slipway::serve::grpc
