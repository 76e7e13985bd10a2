#include "package/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::package {
namespace {

using ::testing::HasSubstr;

Manifest Full() {
  Manifest manifest;
  manifest.name = "digits";
  manifest.graph = Blob{Sha256Of("graph"), 5};
  manifest.weights = Blob{Sha256Of("weights"), 7};
  manifest.samples = Blob{Sha256Of("samples"), 7};
  manifest.signature.inputs = {{.name = "image",
                                .dtype = DType::kF32,
                                .shape = {-1, 28, 28, 1},
                                .axis_names = {"batch", "", "", ""}}};
  manifest.signature.outputs = {{.name = "score", .dtype = DType::kF16, .shape = {-1, 2}},
                                {.name = "word", .dtype = DType::kString, .shape = {}}};
  manifest.labels = {{"score", {"zero", "one"}}};
  manifest.lineage = {.source_name = "a.h5",
                      .source_digest = Sha256Of("source"),
                      .source_format = "keras-h5",
                      .framework = "Keras 3.15.1",
                      .tool_version = "slipway 0.1.0",
                      .self_check = "ran 2 times",
                      .warnings = {"no range", "\"quoted\" \xe4\xb8\xad"}};
  manifest.annotations = {{"team", "vision"}};
  return manifest;
}

Manifest Small() {
  Manifest manifest;
  manifest.name = "m";
  manifest.graph = Blob{Sha256Of("graph"), 5};
  manifest.signature.outputs = {{.name = "y", .dtype = DType::kI64, .shape = {-1}}};
  return manifest;
}

Manifest WithEnsemble() {
  Manifest manifest;
  manifest.name = "both";
  manifest.signature.inputs = {{.name = "x", .shape = {-1}}};
  manifest.signature.outputs = {{.name = "y", .shape = {-1}}};
  manifest.ensemble = {
      .steps = {
          {.model = "a", .version = 2, .input_map = {{"x", "x"}}, .output_map = {{"y", "y"}}}}};
  return manifest;
}

Manifest WithOwnStep() {
  Manifest manifest = WithEnsemble();
  manifest.graph = Blob{Sha256Of("graph"), 5};
  manifest.ensemble->steps[0].model = "";
  return manifest;
}

TEST(Manifest, EveryFieldIsReadBack) {
  for (const Manifest& manifest : {Full(), Small(), WithEnsemble(), WithOwnStep()}) {
    const Result<Manifest> read = DecodeManifest(EncodeManifest(manifest));
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_EQ(*read, manifest);
  }
}

// Stored packages are named by these bytes: a change of them is a new schema.
TEST(Manifest, TheBytesAreTheSameForEver) {
  EXPECT_EQ(EncodeManifest(Small()), R"({
 "graph": {
  "digest": "sha256:)" + Sha256Of("graph").Hex() +
                                         R"(",
  "size": 5
 },
 "name": "m",
 "schema": "slipway-package/1",
 "signature": {
  "inputs": [],
  "outputs": [
   {
    "name": "y",
    "shape": [
     -1
    ],
    "type": "i64"
   }
  ]
 }
}
)");
}

TEST(Manifest, ReadingAndWritingAgainGivesTheSameBytes) {
  const std::string text = EncodeManifest(Full());
  EXPECT_EQ(EncodeManifest(*DecodeManifest(text)), text);
}

/// The manifest's text with the first `what` replaced.
std::string With(std::string_view what, std::string_view replacement) {
  std::string text = EncodeManifest(Full());
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), replacement);
}

void ExpectRefused(const std::string& text, std::string_view place) {
  const Result<Manifest> read = DecodeManifest(text);
  ASSERT_FALSE(read.ok()) << text;
  EXPECT_EQ(read.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(read.status().number(), errors::kInvalidPackage);
  EXPECT_THAT(read.status().place(), HasSubstr(std::string(place)));
}

TEST(Manifest, WrongFieldsAreRefusedByName) {
  ExpectRefused(With("slipway-package/1", "slipway-package/2"), "schema");
  ExpectRefused(With("\"schema\"", "\"scheme\""), "schema");
  ExpectRefused(With("\"annotations\"", "\"annotation\""), "manifest");
  ExpectRefused(With("\"digits\"", "\"../digits\""), "name");
  ExpectRefused(With("\"digits\"", "7"), "name");
  ExpectRefused(With("\"size\": 5", "\"size\": -5"), "graph.size");
  ExpectRefused(With("\"size\": 5", "\"size\": 5.5"), "graph.size");
  ExpectRefused(With("\"size\": 5", "\"size\": 1e99"), "graph.size");
  ExpectRefused(With("\"type\": \"f32\"", "\"type\": \"f4e2m1\""), "type");
  ExpectRefused(With("\"name\": \"image\"", "\"name\": \"\""), "name");
  ExpectRefused(With("\"name\": \"word\"", "\"name\": \"score\""), "outputs[1]");
  ExpectRefused(With(" 28", " -2"), "shape");
  ExpectRefused(With(" 28", " 99999999999999999999"), "shape");
  ExpectRefused(With("\"batch\",", ""), "axes");
  ExpectRefused(With("\"score\": [", "\"other\": ["), "labels");
  ExpectRefused(With("\"vision\"", "[]"), "annotations");
}

TEST(Manifest, APackageHasAGraphOrAnEnsemble) {
  Manifest neither = Small();
  neither.graph.reset();
  ExpectRefused(EncodeManifest(neither), "graph");
  Manifest unused = WithEnsemble();
  unused.graph = Blob{Sha256Of("graph"), 5};
  ExpectRefused(EncodeManifest(unused), "graph");
  Manifest missing = WithOwnStep();
  missing.graph.reset();
  ExpectRefused(EncodeManifest(missing), "graph");
}

TEST(Manifest, AnEnsembleThatCannotRunIsRefused) {
  Manifest manifest = WithEnsemble();
  manifest.ensemble->steps[0].output_map = {{"y", "z"}};
  ExpectRefused(EncodeManifest(manifest), "ensemble");
}

TEST(Manifest, AnEnsembleWithoutAGraphNamesNoFiles) {
  EXPECT_TRUE(BlobsOf(WithEnsemble()).empty());
  EXPECT_EQ(BlobsOf(WithOwnStep()).size(), 1U);
}

TEST(Manifest, TextThatIsNoManifestIsRefused) {
  const std::string whole = EncodeManifest(Full());
  for (const std::string& text : {std::string(), std::string("null"), std::string("[]"),
                                  whole + "x", whole.substr(0, whole.size() / 2),
                                  std::string(100, '['), std::string(kMaxManifestBytes + 1, ' ')}) {
    EXPECT_EQ(DecodeManifest(text).status().number(), errors::kInvalidPackage);
  }
}

// Bad input P2: in a manifest a digest is sha256: and 64 lower-case digits, nothing else
TEST(Manifest, ADigestHasOneSpelling) {
  const std::string digest = Sha256Of("graph").ToString();
  const std::string hex = Sha256Of("graph").Hex();
  std::string upper = hex;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& wrong : {hex, "sha256:" + hex.substr(1), "sha256:" + upper, "md5:" + hex,
                                   "sha256:../" + hex, digest + "0", std::string("sha256:")}) {
    ExpectRefused(With(digest, wrong), "graph.digest");
  }
}

TEST(Manifest, MoreTensorsThanAnyModelHasAreRefused) {
  Manifest manifest = Small();
  for (int i = 0; i < 1001; ++i) {
    manifest.signature.inputs.push_back(
        {.name = "x" + std::to_string(i), .dtype = DType::kF32, .shape = {}});
  }
  ExpectRefused(EncodeManifest(manifest), "signature.inputs");
}

}  // namespace
}  // namespace slipway::package
