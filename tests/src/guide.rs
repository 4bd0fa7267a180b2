//! Pages of the guide whose examples need a transport or the sandbox, which the core cannot depend on.
