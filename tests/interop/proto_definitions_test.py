"""Our definitions of the inference service against those that the public client was generated from: same names, numbers and types."""
import pathlib
import subprocess
import tempfile
import unittest

from google.protobuf import descriptor_pb2
from tritonclient.grpc import model_config_pb2, service_pb2

PROTOS = pathlib.Path(__file__).resolve().parents[2] / "api" / "proto"


def describe_messages(messages, prefix):
    """{"inference.Message.field": (number, type, label, type name)} and {"inference.Message": {}} of messages and what they hold."""
    found = {}
    for message in messages:
        name = f"{prefix}.{message.name}"
        found[name] = ()
        for field in message.field:
            found[f"{name}.{field.name}"] = (field.number, field.type, field.label, field.type_name)
        found.update(describe_messages(message.nested_type, name))
        found.update(describe_enums(message.enum_type, name))
    return found


def describe_enums(enums, prefix):
    return {f"{prefix}.{enum.name}.{value.name}": value.number for enum in enums for value in enum.value}


def describe(files):
    found = {}
    for file in files:
        found.update(describe_messages(file.message_type, file.package))
        found.update(describe_enums(file.enum_type, file.package))
        for service in file.service:
            for method in service.method:
                found[f"{file.package}.{service.name}/{method.name}"] = (
                    method.input_type, method.output_type, method.client_streaming, method.server_streaming)
    return found


def ours():
    with tempfile.NamedTemporaryFile() as output:
        subprocess.run(["protoc", "-I", PROTOS, "--include_imports", "-o", output.name, PROTOS / "inference.proto"], check=True)
        return describe(descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(output.name).read_bytes()).file)


def theirs():
    files = []
    for module in (model_config_pb2, service_pb2):
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        files.append(file)
    return describe(files)


class ProtoDefinitionsTest(unittest.TestCase):
    maxDiff = None

    def test_everything_of_the_public_definition_is_in_ours(self):
        mine = ours()
        self.assertEqual({}, {name: (fact, mine.get(name)) for name, fact in theirs().items() if mine.get(name) != fact})

    def test_what_is_ours_alone_is_kserves(self):
        alone = sorted(set(ours()) - set(theirs()))
        self.assertEqual(alone, [f"inference.RepositoryModel{verb}Response.{field}"
                                 for verb, flag in (("Load", "isLoaded"), ("Unload", "isUnloaded")) for field in (flag, "model_name")])


if __name__ == "__main__":
    unittest.main()
