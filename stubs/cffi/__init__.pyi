class FFI:
    def cdef(self, csource: str) -> None: ...
    def set_source(
        self,
        module_name: str,
        source: str,
        *,
        sources: list[str] = ...,
        depends: list[str] = ...,
        include_dirs: list[str] = ...,
        optional: bool = ...,
    ) -> None: ...
