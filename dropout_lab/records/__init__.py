"""A sweep's folder: `folder` names its files, `fields` its records, `store` reads them and `writer` appends them."""
