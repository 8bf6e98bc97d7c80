"""The C++ source of a compiled program, without most of what torch adds to it.

Torch wraps the kernels of a program in a class that keeps constants, chooses devices, checks every argument and serves
several threads. Compiling it takes twice as long as compiling the kernels. A program of ours has no constants and no
results, runs on the processor and in one thread, so that a page of C++ serves; torch's loader finds what it calls.
"""

KERNELS, RUN = "class AOTInductorModelKernels", "void AOTInductorModel::run_impl("
C_INTERFACE_ENDS, NAMESPACE_ENDS = '} // extern "C"', "} // namespace torch::aot_inductor"
FIRST_KERNEL = "#include <torch/csrc/inductor/cpp_prefix.h>"

INCLUDES = f"""
{FIRST_KERNEL}
#include <memory>
#include <torch/csrc/inductor/aoti_runtime/interface.h>
#include <torch/csrc/inductor/cpp_wrapper/device_internal/cpu.h>
"""
"""All headers of a program."""

HEAD = """
using DeviceStreamType = void*;

// It only calls the kernels; optimising a thousand calls takes minutes.
#ifdef __clang__
#define AS_WRITTEN __attribute__((optnone))
#else
#define AS_WRITTEN __attribute__((optimize("O0")))
#endif

namespace torch::aot_inductor {
struct AOTInductorModelKernelsBase {
  virtual ~AOTInductorModelKernelsBase() = default;
};

struct AOTInductorModel {
  const int32_t device_idx_ = -1;
  std::unique_ptr<AOTInductorModelKernelsBase> kernels_;
  AS_WRITTEN void run_impl(AtenTensorHandle*, AtenTensorHandle*, DeviceStreamType, AOTIProxyExecutorHandle);
};

constexpr bool _check_aoti_runtime_check_inputs_env() { return false; }
inline void __check_inputs_outputs(AtenTensorHandle*, AtenTensorHandle*) {}
} // namespace torch::aot_inductor
using namespace torch::aot_inductor;
"""

TAIL = r"""
static thread_local std::string last_error;

struct WithoutGradients {
  const bool before = aoti_torch_grad_mode_is_enabled();
  WithoutGradients() { aoti_torch_grad_mode_set_enabled(false); }
  ~WithoutGradients() { aoti_torch_grad_mode_set_enabled(before); }
};

using Container = AOTInductorModelContainerHandle;
using Constants = AOTInductorConstantMapHandle;

static AOTIRuntimeError no_constants() {
  last_error = "a program has no constants";
  return AOTI_RUNTIME_FAILURE;
}

extern "C" {
AOTIRuntimeError AOTInductorModelContainerCreateWithDevice(Container* made, size_t, const char*, const char*) {
  auto* model = new AOTInductorModel();
  model->kernels_ = std::make_unique<AOTInductorModelKernels>();
  *made = reinterpret_cast<Container>(model);
  return AOTI_RUNTIME_SUCCESS;
}

AOTIRuntimeError AOTInductorModelContainerDelete(Container container) {
  delete reinterpret_cast<AOTInductorModel*>(container);
  return AOTI_RUNTIME_SUCCESS;
}

AOTIRuntimeError AOTInductorModelContainerRun(
    Container container, AtenTensorHandle* inputs, size_t, AtenTensorHandle* outputs, size_t,
    AOTInductorStreamHandle, AOTIProxyExecutorHandle proxy_executor) {
  try {
    WithoutGradients without_gradients;
    reinterpret_cast<AOTInductorModel*>(container)->run_impl(inputs, outputs, nullptr, proxy_executor);
    return AOTI_RUNTIME_SUCCESS;
  } catch (const std::exception& error) {
    last_error = error.what();
  } catch (...) {
    last_error = "unknown exception";
  }
  return AOTI_RUNTIME_FAILURE;
}

AOTIRuntimeError AOTInductorModelContainerRunSingleThreaded(
    Container container, AtenTensorHandle* inputs, size_t many, AtenTensorHandle* outputs, size_t few,
    AOTInductorStreamHandle stream, AOTIProxyExecutorHandle proxy_executor) {
  return AOTInductorModelContainerRun(container, inputs, many, outputs, few, stream, proxy_executor);
}

AOTIRuntimeError AOTInductorModelContainerGetNumOutputs(Container, size_t* number) {
  *number = 0;
  return AOTI_RUNTIME_SUCCESS;
}

AOTIRuntimeError AOTInductorModelContainerGetCallSpec(Container, const char** in, const char** out) {
  *in = *out = "";
  return AOTI_RUNTIME_SUCCESS;
}

AOTIRuntimeError AOTInductorModelContainerGetNumConstants(Container, size_t* number) {
  *number = 0;
  return AOTI_RUNTIME_SUCCESS;
}

AOTIRuntimeError AOTInductorGetLastError(const char** message) {
  *message = last_error.c_str();
  return AOTI_RUNTIME_SUCCESS;
}

// The loader looks for these, too, and calls none of them.
#define NO_CONSTANTS(NAME, ...) \
  AOTIRuntimeError NAME(Container __VA_OPT__(, ) __VA_ARGS__) { return no_constants(); }
NO_CONSTANTS(AOTInductorModelContainerGetConstantName, size_t, const char**)
NO_CONSTANTS(AOTInductorModelContainerGetConstantOriginalFQN, size_t, const char**)
NO_CONSTANTS(AOTInductorModelContainerGetConstantDtype, size_t, int32_t*)
NO_CONSTANTS(AOTInductorModelContainerExtractConstantsMap, Constants, bool)
NO_CONSTANTS(AOTInductorModelContainerUpdateUserManagedConstantBuffer, Constants, bool, bool)
NO_CONSTANTS(AOTInductorModelContainerUpdateConstantBuffer, Constants, bool, bool)
NO_CONSTANTS(AOTInductorModelContainerUpdateConstantBufferFromCpu, Constants, bool, bool)
NO_CONSTANTS(AOTInductorModelContainerUpdateInactiveConstantBuffer, Constants)
NO_CONSTANTS(AOTInductorModelContainerFreeInactiveConstantBuffer)
NO_CONSTANTS(AOTInductorModelContainerRunConstantFolding, bool, AOTInductorStreamHandle, AOTIProxyExecutorHandle)
NO_CONSTANTS(AOTInductorModelContainerSwapConstantBuffer)
NO_CONSTANTS(AOTInductorModelContainerGetConstantsBlobSize, uint64_t*)
NO_CONSTANTS(AOTInductorModelUpdateConstantsFromBlob, const uint8_t*)
} // extern "C"
"""


def shortened(source: str) -> str | None:
    """The source of a program without constants and results, from torch's; None if that is not built as expected.

    Kernels and the calls of them remain as they are.
    """
    try:
        kernels = source.index(KERNELS)
        declarations = source.rindex(C_INTERFACE_ENDS, 0, kernels) + len(C_INTERFACE_ENDS)
        constructor = source.index("AOTInductorModel::AOTInductorModel(", kernels)
        run = source.index(RUN, constructor)
        ends = source.index(NAMESPACE_ENDS, run) + len(NAMESPACE_ENDS)
        bodies = source.index(FIRST_KERNEL, ends)
    except ValueError:
        return None
    return "\n".join([INCLUDES, source[bodies:], HEAD, source[declarations:constructor], source[run:ends], TAIL])
