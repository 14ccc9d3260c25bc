//! Where the functions stand in the table.

#[allow(clippy::wildcard_imports, reason = "the arguments of every function")]
use super::structs::*;
use super::{Buffer, Client, Event, Function, LoadedExecutable};

macro_rules! functions {
    ($($place:literal $constant:ident = $name:literal ($args:ty);)*) => {
        $(pub(crate) const $constant: Function<$args> = Function::new($place, $name);)*

        /// All that are used, by their places.
        #[cfg(test)]
        pub(crate) const USED: &[(usize, &str)] = &[$(($place, $name)),*];
    };
}

functions! {
    0 ERROR_DESTROY = "PJRT_Error_Destroy" (ErrorDestroy);
    1 ERROR_MESSAGE = "PJRT_Error_Message" (ErrorMessage);
    2 ERROR_CODE = "PJRT_Error_GetCode" (ErrorCode);
    3 PLUGIN_INITIALIZE = "PJRT_Plugin_Initialize" (PluginInitialize);
    4 PLUGIN_ATTRIBUTES = "PJRT_Plugin_Attributes" (PluginAttributes);
    5 EVENT_DESTROY = "PJRT_Event_Destroy" (Of<Event>);
    6 EVENT_IS_READY = "PJRT_Event_IsReady" (EventIsReady);
    8 EVENT_AWAIT = "PJRT_Event_Await" (Of<Event>);
    9 EVENT_ON_READY = "PJRT_Event_OnReady" (EventOnReady);
    10 CLIENT_CREATE = "PJRT_Client_Create" (ClientCreate);
    11 CLIENT_DESTROY = "PJRT_Client_Destroy" (Of<Client>);
    12 CLIENT_PLATFORM_NAME = "PJRT_Client_PlatformName" (TextOf<Client>);
    13 CLIENT_PROCESS_INDEX = "PJRT_Client_ProcessIndex" (NumberOf<Client>);
    14 CLIENT_PLATFORM_VERSION = "PJRT_Client_PlatformVersion" (TextOf<Client>);
    16 CLIENT_ADDRESSABLE_DEVICES = "PJRT_Client_AddressableDevices" (ListOf<Client, super::Device>);
    20 CLIENT_COMPILE = "PJRT_Client_Compile" (ClientCompile);
    22 BUFFER_FROM_HOST = "PJRT_Client_BufferFromHostBuffer" (BufferFromHost);
    23 DESCRIPTION_ID = "PJRT_DeviceDescription_Id" (NumberOf<super::DeviceDescription>);
    24 DESCRIPTION_PROCESS_INDEX = "PJRT_DeviceDescription_ProcessIndex" (NumberOf<super::DeviceDescription>);
    26 DESCRIPTION_KIND = "PJRT_DeviceDescription_Kind" (TextOf<super::DeviceDescription>);
    28 DESCRIPTION_TEXT = "PJRT_DeviceDescription_ToString" (TextOf<super::DeviceDescription>);
    29 DEVICE_DESCRIPTION = "PJRT_Device_GetDescription" (PartOf<super::Device, super::DeviceDescription>);
    31 DEVICE_HARDWARE_ID = "PJRT_Device_LocalHardwareId" (NumberOf<super::Device>);
    32 DEVICE_MEMORIES = "PJRT_Device_AddressableMemories" (ListOf<super::Device, super::Memory>);
    36 MEMORY_KIND = "PJRT_Memory_Kind" (TextOf<super::Memory>);
    40 EXECUTABLE_DESTROY = "PJRT_Executable_Destroy" (Of<super::Executable>);
    44 EXECUTABLE_NUM_OUTPUTS = "PJRT_Executable_NumOutputs" (SizeOf<super::Executable>);
    50 LOADED_DESTROY = "PJRT_LoadedExecutable_Destroy" (Of<LoadedExecutable>);
    51 LOADED_EXECUTABLE = "PJRT_LoadedExecutable_GetExecutable" (PartOf<LoadedExecutable, super::Executable>);
    55 LOADED_EXECUTE = "PJRT_LoadedExecutable_Execute" (Execute);
    58 BUFFER_DESTROY = "PJRT_Buffer_Destroy" (Of<Buffer>);
    59 BUFFER_TYPE = "PJRT_Buffer_ElementType" (NumberOf<Buffer>);
    60 BUFFER_DIMENSIONS = "PJRT_Buffer_Dimensions" (DimensionsOf<Buffer>);
    70 BUFFER_TO_HOST = "PJRT_Buffer_ToHostBuffer" (BufferToHost);
    72 BUFFER_READY_EVENT = "PJRT_Buffer_ReadyEvent" (PartOf<Buffer, Event>);
    73 BUFFER_POINTER = "PJRT_Buffer_UnsafePointer" (SizeOf<Buffer>);
}

/// What gives back what was taken. Without one of these nothing is begun.
pub(crate) const ESSENTIAL: &[(usize, &str)] = &[
    (ERROR_DESTROY.place, ERROR_DESTROY.name),
    (ERROR_MESSAGE.place, ERROR_MESSAGE.name),
    (ERROR_CODE.place, ERROR_CODE.name),
    (EVENT_DESTROY.place, EVENT_DESTROY.name),
    (EVENT_AWAIT.place, EVENT_AWAIT.name),
    (EVENT_ON_READY.place, EVENT_ON_READY.name),
    (CLIENT_DESTROY.place, CLIENT_DESTROY.name),
    (EXECUTABLE_DESTROY.place, EXECUTABLE_DESTROY.name),
    (LOADED_DESTROY.place, LOADED_DESTROY.name),
    (BUFFER_DESTROY.place, BUFFER_DESTROY.name),
];
