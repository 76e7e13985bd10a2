"""The gRPC requests of the benchmarks, in the messages that the public client sends."""
import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

FRAME_HEAD = 5  # a flag and the length (gRPC over HTTP/2, "Length-Prefixed-Message")


def message(model, input_name, array):
    tensor = service_pb2.ModelInferRequest.InferInputTensor(name=input_name, datatype="FP32", shape=array.shape)
    return service_pb2.ModelInferRequest(model_name=model, inputs=[tensor], raw_input_contents=[array.tobytes()])


def as_grpc(model, input_name, array):
    body = message(model, input_name, array).SerializeToString()
    return bytes(1) + len(body).to_bytes(FRAME_HEAD - 1, "big") + body


def check_that_it_answers(port, framed):
    """The load counts answers without looking into them: one that the public client takes stands for them."""
    request = service_pb2.ModelInferRequest.FromString(framed[FRAME_HEAD:])
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request, timeout=30)
    if not answer.raw_output_contents:
        raise RuntimeError(f"the server at port {port} answered no tensor")
