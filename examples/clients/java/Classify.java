import com.google.protobuf.ByteString;
import inference.GRPCInferenceServiceGrpc;
import inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import inference.Inference.ModelInferRequest;
import inference.Inference.ModelInferResponse;
import inference.Inference.ModelMetadataRequest;
import inference.Inference.ModelMetadataResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** Asks a server which digit is in a picture, over gRPC: classify [HOST:PORT] */
public final class Classify {
  public static void main(String[] arguments) {
    String server = arguments.length > 0 ? arguments[0] : "127.0.0.1:8080";
    // Clear text; without usePlaintext() it is TLS.
    ManagedChannel channel = NettyChannelBuilder.forTarget(server).usePlaintext().build();
    try {
      FloatBuffer scores = classify(GRPCInferenceServiceGrpc.newBlockingStub(channel), drawOne());
      int best = 0;
      for (int digit = 1; digit < scores.limit(); digit++) {
        if (scores.get(digit) > scores.get(best)) best = digit;
      }
      System.out.printf(Locale.ROOT, "digit %d, %.1f%% sure%n", best, 100 * scores.get(best));
    } finally {
      channel.shutdownNow();
    }
  }

  /** A one, drawn by hand: 28 by 28 numbers from 0 (black) to 1 (white), row by row. */
  private static float[] drawOne() {
    float[] picture = new float[28 * 28];
    for (int y = 4; y < 24; y++) picture[28 * y + 13] = picture[28 * y + 14] = 1;
    return picture;
  }

  /** One score for each digit. */
  private static FloatBuffer classify(GRPCInferenceServiceBlockingStub stub, float[] picture) {
    // Nobody waits longer than this: the server then stops working on it, too.
    stub = stub.withDeadlineAfter(20, TimeUnit.SECONDS);

    // The server knows what its model is called from the outside.
    ModelMetadataResponse model =
        stub.modelMetadata(ModelMetadataRequest.newBuilder().setName("mnist").build());
    ModelInferRequest.InferInputTensor pixels =
        ModelInferRequest.InferInputTensor.newBuilder()
            .setName(model.getInputs(0).getName())
            .setDatatype("FP32")
            .addShape(1)
            .addShape(28)
            .addShape(28)
            .addShape(1)
            .build();
    // The tensor goes as raw little-endian bytes.
    ByteBuffer bytes = ByteBuffer.allocate(4 * picture.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(picture);
    ModelInferResponse answer =
        stub.modelInfer(
            ModelInferRequest.newBuilder()
                .setModelName("mnist")
                .addInputs(pixels)
                .addRawInputContents(ByteString.copyFrom(bytes))
                .build());
    return answer
        .getRawOutputContents(0)
        .asReadOnlyByteBuffer()
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer();
  }
}
